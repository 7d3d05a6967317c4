"""How well redaction works on text whose personal data a person has marked."""
