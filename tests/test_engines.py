import psycopg
import pytest
from redis import Redis as RedisClient
from redis import RedisError
from sqlalchemy import create_engine, text


def test_a_new_database_is_empty_and_writable(postgres):
    address = postgres.create("fresh")

    with psycopg.connect(address) as connection:
        connection.execute("create table note (body text)")
        assert connection.execute("select count(*) from note").fetchone() == (0,)
    postgres.drop("fresh")


def test_the_address_is_one_that_sqlalchemy_takes(postgres):
    engine = create_engine(postgres.create("spoken"))

    with engine.connect() as connection:
        assert connection.scalar(text("select current_database()")) == "spoken"
    engine.dispose()
    postgres.drop("spoken")


def test_a_database_can_be_a_copy_of_another(postgres):
    with psycopg.connect(postgres.create("original")) as connection:
        connection.execute("create table note as select 'kept' as body")

    copy = postgres.create("copied", template="original")

    with psycopg.connect(copy) as connection:
        assert connection.execute("select body from note").fetchone() == ("kept",)
    postgres.drop("copied")
    postgres.drop("original")


def test_a_database_goes_away_under_whoever_uses_it(postgres):
    connection = psycopg.connect(postgres.create("doomed"))

    postgres.drop("doomed")

    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")
    connection.close()


def test_what_was_committed_outlives_a_stop(postgres):
    address = postgres.create("lasting")
    with psycopg.connect(address) as connection:
        connection.execute("create table note as select 'kept' as body")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("checkpoint")

    postgres.stop()
    assert not postgres.answers()
    postgres.start()

    with psycopg.connect(address) as connection:
        assert connection.execute("select body from note").fetchone() == ("kept",)
    postgres.drop("lasting")


def test_redis_keeps_words_until_it_is_flushed(redis):
    with RedisClient.from_url(redis.url()) as client:
        client.set("word", "kept")
        assert client.get("word") == b"kept"

        redis.flush()

        assert client.get("word") is None


def test_redis_comes_back_empty_at_the_same_address(redis):
    with RedisClient.from_url(redis.url()) as client:
        client.set("word", "lost")

        redis.stop()
        with pytest.raises(RedisError):
            client.ping()
        redis.start()

        assert client.get("word") is None
