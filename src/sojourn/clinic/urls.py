"""Every address a member of staff can visit."""

from django.urls import include, path

urlpatterns = [path("account/", include("allauth.account.urls"))]
