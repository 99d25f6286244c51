"""The fewest words that a policy document can do with, for tests of its other parts."""

WORDS = """\
languages: [it]
agency: {name: Agenzia per la casa, phone: "+39 0332 000 000", email: casa@example.org, address: "Via Roma 1, Varese"}
frame:
  it:
    greeting: "Gentile {name},"
    greeting_unnamed: "Buongiorno,"
    closing: "Per qualsiasi domanda: {agency_phone}."
    several: Promemoria
    sms: "{agency}: {message}"
    calendar: Appuntamento
texts:
  reminders:
    contact_us: {it: {subject: Ci chiami, text: Vorremmo parlare con Lei., sms: Ci chiami}}
  staff: {}
  partners: {}
  formal: {}
"""
"""The sections `languages`, `agency`, `frame` and `texts`, to be put at the end of a document."""
