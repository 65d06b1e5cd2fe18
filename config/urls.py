"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from api.views import asyncapi_document, problem
from config.audit.page import audit
from config.consistency import consistency
from config.health import alive, ready
from config.lab.page import lab, run_scenario
from config.login import LoginForm
from config.variants.page import variant_page, variants_page
from config.views import start

admin.site.site_header = admin.site.site_title = "Murmuration"
admin.site.login_form = LoginForm
admin.site.index_title = "Orders, events, and who reacts to them"

urlpatterns = [
    path("", start, name="start"),
    path("admin/consistency/", admin.site.admin_view(consistency), name="consistency"),
    path("admin/variants/", admin.site.admin_view(variants_page), name="variants"),
    path("admin/variants/<slug:key>/", admin.site.admin_view(variant_page), name="variant"),
    path("admin/audit/", admin.site.admin_view(audit), name="audit"),
    path("admin/lab/", admin.site.admin_view(lab), name="lab"),
    path("admin/lab/<slug:code>/", admin.site.admin_view(run_scenario), name="lab_run"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("api.urls")),
    path("api/v1/", include("orders.urls")),
    path("api/v1/", include("inventory.urls")),
    path("api/v1/", include("payments.urls")),
    path("api/v1/", include("shipping.urls")),
    path("api/v1/", include("webhooks.urls")),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="config/docs.html"), name="docs"),
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("asyncapi.json", asyncapi_document, name="asyncapi"),
    path("healthz", alive, name="healthz"),
    path("readyz", ready, name="readyz"),
    path("problems/<slug:code>", problem, name="problem"),
]
