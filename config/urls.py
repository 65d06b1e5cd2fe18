"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from api.views import problem
from config.views import start

admin.site.site_header = admin.site.site_title = "Murmuration"
admin.site.index_title = "Orders, events, and who reacts to them"

urlpatterns = [
    path("", start, name="start"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("api.urls")),
    path("api/v1/", include("orders.urls")),
    path("api/v1/", include("payments.urls")),
    path("api/v1/", include("shipping.urls")),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("problems/<slug:code>", problem, name="problem"),
]
