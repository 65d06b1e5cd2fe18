"""The addresses under /api/v1/ that belong to no app."""

from django.urls import path

from api.feed import Feed
from api.views import OneToken, Tokens

urlpatterns = [
    path("events", Feed.as_view(), name="feed"),
    path("tokens", Tokens.as_view(), name="tokens"),
    path("tokens/<slug:key>", OneToken.as_view(), name="token"),
]
