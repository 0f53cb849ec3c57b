"""What people write of themselves."""

from leaderboard.models import Person
from leaderboard.submitting import texts


def rename(person: Person, name: str) -> None:
    """As teammates read it; empty for the name that was made of the address at sign-up."""
    Person.objects.filter(pk=person.pk).update(first_name=texts.plain(name, field="name", most=100), last_name="")
