"""People who do not exist: names, ages, languages and telephones from short lists and a fixed seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

SEED = 149
"""The same people at every run."""

_ITALIAN_NAMES = (
    "Adele Bruna Carla Elda Franca Giuliana Ivana Lidia Marisa Nadia Ornella Piera Rosanna Silvana Teresa Aldo Carmelo "
    "Dario Emilio Fausto Gino Italo Luciano Mario Nino Oreste Pietro Renato Sergio Tullio"
)
_ITALIAN_FAMILIES = (
    "Albertini Bottazzi Colnaghi Dovera Erbetta Fornasari Grampa Introini Lamperti Macchi Niada Orsenigo Parravicini "
    "Quaglia Rovera Sartorelli Tibiletti Uslenghi Vanetti Zanzi Caccamo Siracusano Improta Esposto Lomuscio"
)

# A language, how often it is met, and the given and family names that go with it.
_ORIGINS = (
    ("it", 60, _ITALIAN_NAMES, _ITALIAN_FAMILIES),
    ("ar", 10, "Amina Fatiha Hanan Khadija Naima Samira Zohra Brahim Driss Hassan Mustapha Rachid Youssef",
     "Aberkane Benhaddou Chaoui Drissi Elmansour Ghazali Haddaoui Lamrani Mernissi Ouazzani"),
    ("sq", 7, "Arta Drita Elira Mimoza Vjollca Agron Besnik Ilir Luan Petrit",
     "Basha Dervishi Gjoni Hoxhaj Kelmendi Lleshi Marku Prifti Shkreli"),
    ("uk", 5, "Halyna Iryna Lesia Oksana Svitlana Bohdan Mykola Taras", "Bondar Hnatiuk Kovalchuk Melnychuk Savchenko"),
    ("ro", 5, "Anca Doina Ileana Mihaela Rodica Costel Dumitru Gheorghe Ionut", "Albu Ciobanu Dobre Lupu Munteanu"),
    ("ur", 4, "Bushra Nasreen Rukhsana Shazia Arshad Imran Khalid Tariq", "Bajwa Chaudhry Gondal Mirza Qureshi"),
    ("es", 4, "Carmen Dolores Lourdes Mercedes Wilson Byron Efrain Segundo", "Caiza Guaman Llerena Quispe Toapanta"),
    ("wo", 3, "Awa Coumba Fatou Ndeye Cheikh Mamadou Modou Ousmane", "Diagne Faye Mbaye Ndoye Seck"),
    ("zh", 2, "Fang Lihua Meiling Xiulan Bowen Guoqiang Jianguo", "Hu Lin Pan Wu Zhou"),
)  # fmt: skip
_ITALIAN_TOO = 0.6
"""How many of those with another language also get by in Italian."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody invented; `languages` are ISO 639 codes, the best understood first."""

    given_name: str
    family_name: str
    born_on: date
    languages: tuple[str, ...]
    phone: str | None
    email: str | None
    interpreter: bool
    low_literacy: bool


def invented(seed: int = SEED) -> Iterator[Person]:
    """Yield people for as long as they are asked for, no two of the same name."""
    chance = Random(seed)  # noqa: S311  invented, not secret
    names: set[tuple[str, str]] = set()
    while True:
        language, _, given, family = chance.choices(_ORIGINS, weights=[origin[1] for origin in _ORIGINS])[0]
        name = chance.choice(given.split()), chance.choice(family.split())
        if name in names:
            continue
        names.add(name)
        speaks_italian = language == "it" or chance.random() < _ITALIAN_TOO
        yield Person(
            given_name=name[0],
            family_name=name[1],
            born_on=date(chance.randint(1936, 2004), chance.randint(1, 12), chance.randint(1, 28)),
            languages=(language, "it") if language != "it" and speaks_italian else (language,),
            phone=f"+39 0332 000{len(names):03}" if chance.random() < 0.9 else None,  # noqa: PLR2004  nine in ten
            email=None if len(names) % 3 else f"{name[0]}.{name[1]}@example.org".lower(),
            interpreter=not speaks_italian,
            low_literacy=chance.random() < 0.08,  # noqa: PLR2004  eight in a hundred
        )
