from django.apps import AppConfig


class BellConfig(AppConfig):
    name = "tests.faults.next_release.bell"
    label = "bell"
