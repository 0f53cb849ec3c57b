"""The front page and the boards."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "boards/home.html")


def boards(request: HttpRequest) -> HttpResponse:
    return render(request, "boards/list.html")
