"""Boards of scores that others published."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def published(request: HttpRequest) -> HttpResponse:
    return render(request, "published/list.html")
