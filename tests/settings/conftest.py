from tests.people.conftest import as_person

__all__ = ["as_person"]
