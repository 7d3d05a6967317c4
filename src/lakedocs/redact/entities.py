"""The types of personal data that there are, so that a misspelt one in the settings is told; imports nothing that only the redacting cluster has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from lakedocs.errors import SettingsError
from lakedocs.redact.ner.files import NAMES, model_facts
from lakedocs.redact.packs import every_recognizer_file, recognizer_data
from lakedocs.settings import Settings

OF_CLASS: Mapping[str, str] = {
    "AbaRoutingRecognizer": "ABA_ROUTING_NUMBER",
    "AuAbnRecognizer": "AU_ABN",
    "AuAcnRecognizer": "AU_ACN",
    "AuMedicareRecognizer": "AU_MEDICARE",
    "AuTfnRecognizer": "AU_TFN",
    "CreditCardRecognizer": "CREDIT_CARD",
    "CryptoRecognizer": "CRYPTO",
    "DateRecognizer": "DATE_TIME",
    "EmailRecognizer": "EMAIL_ADDRESS",
    "EsNieRecognizer": "ES_NIE",
    "EsNifRecognizer": "ES_NIF",
    "FiPersonalIdentityCodeRecognizer": "FI_PERSONAL_IDENTITY_CODE",
    "IbanRecognizer": "IBAN_CODE",
    "InAadhaarRecognizer": "IN_AADHAAR",
    "InGstinRecognizer": "IN_GSTIN",
    "InPanRecognizer": "IN_PAN",
    "InPassportRecognizer": "IN_PASSPORT",
    "InVehicleRegistrationRecognizer": "IN_VEHICLE_REGISTRATION",
    "InVoterRecognizer": "IN_VOTER",
    "IpRecognizer": "IP_ADDRESS",
    "ItDriverLicenseRecognizer": "IT_DRIVER_LICENSE",
    "ItFiscalCodeRecognizer": "IT_FISCAL_CODE",
    "ItIdentityCardRecognizer": "IT_IDENTITY_CARD",
    "ItPassportRecognizer": "IT_PASSPORT",
    "ItVatCodeRecognizer": "IT_VAT_CODE",
    "KrBrnRecognizer": "KR_BRN",
    "KrDriverLicenseRecognizer": "KR_DRIVER_LICENSE",
    "KrFrnRecognizer": "KR_FRN",
    "KrPassportRecognizer": "KR_PASSPORT",
    "KrRrnRecognizer": "KR_RRN",
    "MacAddressRecognizer": "MAC_ADDRESS",
    "MedicalLicenseRecognizer": "MEDICAL_LICENSE",
    "NgNinRecognizer": "NG_NIN",
    "NgVehicleRegistrationRecognizer": "NG_VEHICLE_REGISTRATION",
    "NhsRecognizer": "UK_NHS",
    "PhoneRecognizer": "PHONE_NUMBER",
    "PlPeselRecognizer": "PL_PESEL",
    "SgFinRecognizer": "SG_NRIC_FIN",
    "SgUenRecognizer": "SG_UEN",
    "ThTninRecognizer": "TH_TNIN",
    "UkNinoRecognizer": "UK_NINO",
    "UkPassportRecognizer": "UK_PASSPORT",
    "UkPostcodeRecognizer": "UK_POSTCODE",
    "UkVehicleRegistrationRecognizer": "UK_VEHICLE_REGISTRATION",
    "UrlRecognizer": "URL",
    "UsBankRecognizer": "US_BANK_NUMBER",
    "UsItinRecognizer": "US_ITIN",
    "UsLicenseRecognizer": "US_DRIVER_LICENSE",
    "UsMbiRecognizer": "US_MBI",
    "UsNpiRecognizer": "US_NPI",
    "UsPassportRecognizer": "US_PASSPORT",
    "UsSsnRecognizer": "US_SSN",
}
"""What Presidio's own classes find; those that need a service or a model are not here."""
_EVERYWHERE = frozenset([*OF_CLASS.values(), *NAMES, "DATE_TIME", "NRP", "CUSTOM"])
"""What can be found without a file of recognisers: `CUSTOM` is the type of lists and decisions that name none."""
UNTOLD = "*"
"""What a class finds that needs a service or a model: nobody knows before it is loaded."""
_NEAR = 0.6
_NEARLY_THE_SAME = 0.83
"""Share of letters: PERSN is PERSON, while ADDRESS may be a type of the lists, beside IP_ADDRESS."""


def check_entities(settings: Settings, listed: Collection[str] | None = None) -> None:
    """Nothing, where the settings of single types name types that there are: one that is misspelt would change nothing, and nobody would know.

    Args:
        listed: the types of the customer's own lists; none where no lake was opened yet: then a name passes that is like no other.

    Raises:
        SettingsError: naming the nearest type, and all that there are.
    """
    wanted = settings.redaction
    unknown = [(name, entity) for name in ("operators", "thresholds") for entity in sorted(getattr(wanted, name)) if entity not in _EVERYWHERE]
    known = sorted({*_EVERYWHERE, *_of_files(settings), *model_facts().entities, *(listed or ())}) if unknown else []
    for name, entity in unknown:
        if entity in known or UNTOLD in known:
            continue
        near = get_close_matches(entity.upper(), known, 1, _NEARLY_THE_SAME if listed is None else _NEAR)
        if near or listed is not None:
            meant = f"; is {near[0]} meant?" if near else "; one of your own needs a recogniser in conf or an entry on a list first."
            raise SettingsError(f"redaction.{name} has {entity}, and there is no such type{meant} There are {', '.join(known)}.")


def _of_files(settings: Settings) -> Iterator[str]:
    """Those of all packs, chosen or not, for a threshold may wait for its pack."""
    for path in every_recognizer_file(settings):
        data = recognizer_data(path)
        yield from (str(column.get("entity", "")) for column in data.get("columns") or () if isinstance(column, dict))
        for entry in data["recognizers"]:
            options = entry.get("options")
            yield str(entry.get("entity") or (isinstance(options, dict) and options.get("supported_entity")) or "")
            if entry.get("predefined", "") not in ("", *OF_CLASS):
                yield UNTOLD
