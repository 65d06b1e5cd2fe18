"""The addresses under /api/v1/ that belong to no app."""

from django.urls import path

from api.views import Tokens

urlpatterns = [path("tokens", Tokens.as_view(), name="tokens")]
