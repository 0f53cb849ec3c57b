"""The API's map."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
