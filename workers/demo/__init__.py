"""The published first weeks of the Varese community camper, lived through the API, and the three months after.

weeks       the days, the stops, and a clock for each story
people      who does not exist
client      what a front end does: documents, keys, tries, versions
office      the register before the first day
story       one person, one case
coming      how they come
journeys    what becomes of the case
arrears, faults, papers, network    what is done for their needs
cast        who lives what, so that the figures are those published
report      published beside counted, and what was told
months      the three months after: a second stack, whose time passes in moments
agenda      lets those go on whose moment has come
afterwards  how the stories go on
told        what was told to whom, and whether all that is due is done
run         all of it
"""

from workers.demo.run import run

__all__ = ["run"]
