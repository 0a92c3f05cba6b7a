from engines import postgres, redis  # noqa: F401
