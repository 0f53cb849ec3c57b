"""The servers that the site's tests stand on."""

import pytest
import redis
from django.contrib.contenttypes.models import ContentType
from django.db import connection


@pytest.mark.django_db
def test_a_database_is_there_when_a_test_asks_for_it():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('server_version_num')::int >= 150000")
        assert cursor.fetchone() == (connection.settings_dict["NAME"], True)
    assert ContentType.objects.count() > 0


def test_redis_is_there_when_a_test_asks_for_it(redis_server):
    with redis.Redis(unix_socket_path=str(redis_server.socket)) as client:
        assert client.ping()
