"""Writes conf/training_examples.jsonl: labelled sentences of tax, audit and legal work, made for this project.

    python scripts/make_examples.py

A sentence and its variants share a group, so that no split has one of them on either side.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

VARIANTS = 4
TARGET = Path(__file__).parents[1] / "conf" / "training_examples.jsonl"

SLOTS = {
    "en": {
        "who": ["the subsidiary", "our client", "the holding company", "the branch in Antwerp", "the seller", "the employer", "the foundation"],
        "tax": ["VAT", "corporate income tax", "payroll tax", "dividend withholding tax", "real estate transfer tax", "customs duty", "excise duty"],
        "office": ["tax office", "inspector", "tax authority", "regional court", "customs office"],
        "doc": ["invoice", "transfer pricing file", "loan agreement", "proof of export", "annual accounts", "power of attorney", "payroll ledger"],
        "sum": ["EUR 12,400", "EUR 318,000", "USD 2.1 million", "GBP 47,250", "EUR 6.9 million", "half a million euros"],
        "y": ["2016", "2017", "2018", "2019", "2020", "2021", "2022", "2023"],
        "m": ["January", "March", "April", "June", "September", "October", "December"],
        "d": ["1", "9", "15", "28", "30"],
    },
    "nl": {
        "who": ["de dochtervennootschap", "onze cliënt", "de holding", "de werkgever", "de verkoper"],
        "tax": ["omzetbelasting", "vennootschapsbelasting", "loonheffing", "dividendbelasting", "overdrachtsbelasting"],
        "doc": ["de factuur", "de leningsovereenkomst", "het exportbewijs", "de volmacht"],
        "sum": ["€ 12.400", "€ 318.000", "€ 2,1 miljoen", "€ 47.250"],
        "y": ["2017", "2018", "2019", "2020", "2021", "2022"],
        "m": ["januari", "maart", "juni", "september", "december"],
        "d": ["1", "9", "15", "30"],
    },
    "de": {
        "who": ["die Tochtergesellschaft", "unsere Mandantin", "die Holding", "die Betriebsstätte", "die Arbeitgeberin"],
        "tax": ["Umsatzsteuer", "Körperschaftsteuer", "Lohnsteuer", "Kapitalertragsteuer", "Grunderwerbsteuer"],
        "doc": ["die Rechnung", "der Darlehensvertrag", "der Ausfuhrnachweis", "die Vollmacht"],
        "sum": ["12.400 Euro", "318.000 Euro", "2,1 Millionen Euro", "47.250 Euro"],
        "y": ["2017", "2018", "2019", "2020", "2021", "2022"],
        "m": ["Januar", "März", "Juni", "September", "Dezember"],
        "d": ["1.", "9.", "15.", "30."],
    },
    "es": {
        "who": ["la filial", "nuestro cliente", "la sociedad matriz", "la sucursal", "la empresa"],
        "tax": ["IVA", "impuesto sobre sociedades", "impuesto sobre el patrimonio", "impuesto de transmisiones"],
        "doc": ["la factura", "el contrato de préstamo", "el justificante de exportación", "el poder notarial"],
        "sum": ["12.400 euros", "318.000 euros", "2,1 millones de euros", "47.250 euros"],
        "y": ["2017", "2018", "2019", "2020", "2021", "2022"],
        "m": ["enero", "marzo", "junio", "septiembre", "diciembre"],
        "d": ["1", "9", "15", "30"],
    },
}

SENTENCES = {
    ("problem", "en"): """
The {office} rejected the deduction because the {doc} was never filed.
{who} missed the deadline and now faces a penalty of {sum}.
Nobody can explain the difference of {sum} between the ledger and the bank statement.
The {doc} bears no signature, so it may not hold up in an audit.
{tax} was charged at the wrong rate on every delivery since {m}.
There is a serious risk that {who} will be treated as a permanent establishment.
The comparables in the study are too old, and the {office} disputes the margin.
Two of the five invoices are duplicates, which overstated the claim by {sum}.
Access rights were never withdrawn after the employees had left.
The refund was refused for lack of evidence that the goods left the country.
We were unable to reconcile the stock count with the records kept in {m}.
The loan carries no interest, and its terms differ from what unrelated parties would agree.
Employees were wrongly treated as freelancers, and {sum} of {tax} is outstanding.
The internal control over payments failed: one person both enters and approves them.
Supporting papers for the travel costs have been lost.
The lessee has stopped paying, and arrears have risen to {sum}.
The system went down during the filing week and part of the data is corrupt.
An objection was lodged too late, and the {office} declared it inadmissible.
The contract contradicts itself on who bears the {tax}.
Without a valid registration number the exemption does not apply, and the supplier is liable.
The auditors found that revenue of {sum} was recognised too early.
Double taxation arises because both countries claim the right to tax.
The valuation ignores a mortgage, so the estate has been overvalued.
{who} did not keep the mandatory records and cannot substantiate the hours.
Personal data of clients was sent to the wrong recipient.
The {office} suspects a sham arrangement and has opened an investigation.
Losses can no longer be offset after the change of shareholders, which came as a surprise.
The withholding was forgotten, leaving {who} exposed to an additional assessment.
Key staff are missing, and the closing of the books has fallen behind by weeks.
The figures in the board pack do not agree with the {doc}.
The import licence expired and the shipment is held at the border.
Interest of {sum} was deducted twice by mistake.
Our query remained unanswered, and the uncertainty blocks the sale.
The partnership deed is ambiguous and the partners have fallen out over it.
Late delivery of the statements puts the covenant with the bank at risk.
""",
    ("solution", "en"): """
File a corrected return and ask the {office} to waive the penalty.
We recommend entering into an advance agreement with the {office} to settle the margin.
{who} should register voluntarily and pay the outstanding {tax} in instalments.
From now on a second person approves every payment above {sum}.
The {doc} was redrafted and signed again by both parties, which restores the deduction.
Apply the reverse charge so that no {tax} has to be paid in advance.
To avoid a repeat, the checklist now asks for the {doc} before anything is filed.
A mutual agreement procedure between the two states removes the double charge.
The parties settled for {sum}, each bearing its own costs.
Move the warehouse stock to a bonded facility and suspend the duty until release.
We suggest converting the loan into equity before the end of {m}.
Reconcile the accounts monthly and investigate any difference at once.
The missing entries were rebuilt from bank statements and accepted by the {office}.
Install the new release, which calculates the rate correctly.
Request an extension until {d} {m} and attach the reasons.
A fiscal unity makes internal deliveries free of {tax}.
Lodge an objection within six weeks and request suspension of payment.
By splitting the contract in two, the exempt part is kept apart from the taxed part.
Train the payroll team and assign one owner to each filing.
The excess amount was repaid and the file has been closed.
Elect for the simplified scheme: it spares {who} the monthly declaration.
Obtain a certificate of residence so that the reduced rate can be applied at source.
It is advisable to document the comparables every 36 months and to update the margins annually.
Encrypt attachments and send them through the portal instead of by mail.
The reserve was increased to cover the claim in full.
Use the exemption for reorganisations and keep the shares for 36 months.
Voluntary disclosure before an audit starts reduces the fine to nil.
The server was replaced, and backups are now tested every week.
Replace the outdated clause with the wording that we attach.
An independent appraiser will determine the value, and both sides accept the outcome.
Correct the entry in the next period and explain it in the notes.
Agree a payment plan with the bank and renegotiate the covenant.
The old registration can be reinstated by submitting form 12 together with the {doc}.
We corrected the master data, so invoices again carry the right number.
Centralise the purchasing so that input tax is recovered in full.
""",
    ("topic", "en"): """
This memorandum deals with the treatment of {tax} in cross-border services.
The purpose of this chapter is to describe how intra-group loans are priced.
Transfer pricing concerns the conditions of transactions between related parties.
{tax} is a levy on the value that is added at each stage of production.
The following pages give an overview of the reliefs that are available to {who}.
A permanent establishment is a fixed place of business through which an enterprise operates.
This guide explains the basic notions of {tax} for readers without legal training.
The report covers the scope of the engagement, the method and the persons involved.
Chapter three discusses the participation exemption.
By input tax we mean the tax that a business pays on its purchases.
This note sets out the principles of group consolidation.
The presentation introduces the structure of the {office} and its departments.
In general, three kinds of leases are distinguished.
The term beneficial owner refers to the person who ultimately enjoys the income.
Background: the directive harmonises the rules on mergers in the Union.
The manual describes the process from order to invoice.
Here we look at the relation between accounting profit and taxable profit.
This section is about the allocation of costs to products.
What follows is an introduction to estate planning for family businesses.
The {doc} contains definitions, followed by general provisions.
An audit is an independent examination of financial information.
This appendix lists the abbreviations used throughout.
The seminar is about digital reporting and electronic invoices.
The policy applies to all entities of the group and concerns the retention of records.
Goodwill represents the part of a purchase price that exceeds the net assets.
The paper compares the systems of {tax} in four countries.
In this part the roles of the trustee and the protector are described.
The table of contents names the areas that the review touches upon.
Thin capitalisation rules limit the deduction of interest on related-party debt.
Our newsletter is devoted to the taxation of digital platforms.
Customs valuation is the determination of the value of imported goods.
The letter gives general information on the rights of taxpayers.
The document outlines how a tax treaty is structured.
Depreciation spreads the cost of an asset over its useful life.
The section on payroll explains which benefits count as wages.
""",
    ("year", "en"): """
The agreement was signed on {d} {m} {y} and took effect the same day.
In {y} turnover amounted to {sum}, compared with {sum} twelve months before.
The assessment relates to the period from {m} {y} up to and including {m}.
The figures below are as at 31 December {y}.
The lease runs from {d} {m} {y} for 120 months.
During the second quarter of {y}, {who} employed 214 people.
The assets were acquired between {y} and 2024.
The reporting period ended on 30 June {y}.
{who} was founded in {y} and has filed returns ever since.
Returns for {y} are due by {d} {m}.
As of {m} {y} the rate is 21 percent.
Net profit in {y}: {sum}; in the preceding period: {sum}.
The shares were transferred on {d} {m} {y}.
Fiscal period: {m} {y} to {m} of the following one.
Dated {d} {m} {y}.
The bookkeeping covers {y} through 2024.
In the autumn of {y} the premises in Leiden were vacated.
The law entered into force on 1 January {y}.
Annual accounts {y}, adopted by the general meeting in {m}.
The payments were made in {m} and {m} {y}.
From {y} onwards dividends were paid every spring.
The contract expires on {d} {m} {y}.
Financial statements for the twelve months ended {d} {m} {y}.
Opening balance 1 January {y}, closing balance 31 December {y}.
The inspection took place in the week of {d} {m} {y}.
Since {y} the firm has been located in Utrecht.
The statute of limitations ends on {d} {m} {y}.
Interest accrued from {d} {m} {y} until the date of payment.
The FY{y} budget was {sum}.
The first instalment fell due in {m} {y}, the last one in {m} 2024.
Between {m} and {m} {y} a total of {sum} was invoiced.
The board met on {d} {m} {y} and again in {m}.
Tax period {y}, third quarter.
In the course of {y}, {who} opened two branches.
The employment began in {m} {y} and ended eighteen months later.
""",
    ("problem", "nl"): """
{who} heeft de aangifte {tax} te laat ingediend en riskeert een boete van {sum}.
Het verschil van {sum} tussen de administratie en de bank is niet te verklaren.
De inspecteur weigert de aftrek omdat {doc} ontbreekt.
Er dreigt dubbele heffing doordat beide landen willen belasten.
De dossiers zijn onvolledig en de controle is daardoor vastgelopen.
Door een fout in het systeem is {tax} tegen het verkeerde tarief berekend.
De huurder betaalt al maanden niet meer.
Het bezwaar is niet-ontvankelijk verklaard.
Persoonsgegevens zijn naar de verkeerde ontvanger gestuurd.
De partijen zijn het oneens over de waarde van het pand.
""",
    ("solution", "nl"): """
Dien een suppletie in en vraag om kwijtschelding van de boete.
Wij adviseren {who} om vooraf afspraken te maken met de inspecteur.
Leg elke maand de bank naast de administratie en zoek verschillen meteen uit.
Met een fiscale eenheid vervalt de {tax} op onderlinge leveringen.
De overeenkomst is aangepast en opnieuw ondertekend, zodat de aftrek behouden blijft.
Vraag uitstel van betaling aan en spreek een regeling in termijnen af.
De partijen hebben geschikt voor {sum}.
Het ontbrekende stuk is alsnog overgelegd en het dossier is gesloten.
Laat voortaan een tweede medewerker elke betaling goedkeuren.
Maak bezwaar binnen zes weken en voeg {doc} toe.
""",
    ("topic", "nl"): """
Deze notitie gaat over de behandeling van {tax} bij grensoverschrijdende diensten.
In dit hoofdstuk wordt uitgelegd hoe leningen binnen een concern worden geprijsd.
Onder voorbelasting wordt verstaan de belasting die een ondernemer bij inkoop betaalt.
Dit rapport geeft een overzicht van de regelingen voor familiebedrijven.
Een vaste inrichting is een duurzame plaats van waaruit een onderneming werkt.
De bijlage bevat een lijst van gebruikte afkortingen.
Hieronder volgt een inleiding tot de deelnemingsvrijstelling.
De handleiding beschrijft de gang van bestelling tot factuur.
{tax} is een heffing die in deze brochure in algemene zin wordt toegelicht.
Deze paragraaf behandelt de verhouding tussen commerciële en fiscale winst.
""",
    ("year", "nl"): """
De akte is op {d} {m} {y} verleden.
In {y} bedroeg de omzet {sum}.
Het boekjaar liep van 1 april {y} tot en met 31 maart.
De cijfers zijn per 31 december {y}.
{who} is in {y} opgericht.
De huur loopt vanaf {d} {m} {y} voor tien termijnen.
Aangifte {tax} over het derde kwartaal van {y}.
Tussen {m} en {m} {y} werd {sum} gefactureerd.
De wet is op 1 januari {y} in werking getreden.
Utrecht, {d} {m} {y}.
""",
    ("problem", "de"): """
{who} hat die Erklärung zur {tax} verspätet abgegeben, nun droht ein Zuschlag von {sum}.
Die Abweichung von {sum} zwischen Buchhaltung und Bank lässt sich nicht erklären.
Das Finanzamt verweigert den Abzug, weil {doc} fehlt.
Es kommt zu einer doppelten Besteuerung, da beide Staaten zugreifen.
Die Unterlagen sind unvollständig und die Prüfung stockt.
Wegen eines Fehlers im System wurde die {tax} mit dem falschen Satz berechnet.
Der Mieter zahlt seit Monaten nicht mehr.
Der Einspruch wurde als unzulässig verworfen.
Vertrauliche Daten gingen an den falschen Empfänger.
Die Gesellschafter streiten über den Wert des Grundstücks.
""",
    ("solution", "de"): """
Geben Sie eine berichtigte Erklärung ab und beantragen Sie den Erlass des Zuschlags.
Wir empfehlen, vorab eine verbindliche Auskunft einzuholen.
Die Konten werden künftig monatlich abgestimmt und Differenzen sofort geklärt.
Eine Organschaft stellt Lieferungen im Konzern von der {tax} frei.
Der Vertrag wurde neu gefasst und unterschrieben, womit der Abzug gesichert ist.
Beantragen Sie Stundung und vereinbaren Sie Raten.
Die Parteien haben sich auf {sum} verglichen.
Das fehlende Papier wurde nachgereicht und die Akte geschlossen.
Künftig gibt eine zweite Person jede Zahlung frei.
Legen Sie innerhalb eines Monats Einspruch ein und fügen Sie die Belege bei.
""",
    ("topic", "de"): """
Dieses Memorandum befasst sich mit der {tax} bei grenzüberschreitenden Leistungen.
In diesem Kapitel wird beschrieben, wie Darlehen im Konzern bepreist werden.
Unter Vorsteuer versteht man die Steuer, die ein Unternehmen beim Einkauf zahlt.
Der Bericht gibt einen Überblick über die Regelungen für Familienunternehmen.
Eine Betriebsstätte ist eine feste Geschäftseinrichtung, durch die ein Unternehmen tätig wird.
Die Anlage enthält ein Verzeichnis der Abkürzungen.
Es folgt eine Einführung in die Grundlagen der Konsolidierung.
Das Handbuch beschreibt den Ablauf von der Bestellung bis zur Rechnung.
Die {tax} wird in dieser Broschüre allgemein erläutert.
Dieser Abschnitt behandelt das Verhältnis von Handelsbilanz und Steuerbilanz.
""",
    ("year", "de"): """
Der Vertrag wurde am {d} {m} {y} geschlossen.
Im Geschäftszeitraum {y} betrug der Umsatz {sum}.
Die Zahlen gelten zum 31. Dezember {y}.
{who} wurde {y} gegründet.
Die Miete läuft ab dem {d} {m} {y}.
Voranmeldung zur {tax} für das dritte Quartal {y}.
Zwischen {m} und {m} {y} wurden {sum} berechnet.
Das Gesetz trat am 1. Januar {y} in Kraft.
München, den {d} {m} {y}.
Die Prüfung umfasst die Zeit von {y} bis 2024.
""",
    ("problem", "es"): """
{who} presentó tarde la declaración del {tax} y se expone a un recargo de {sum}.
No se puede explicar la diferencia de {sum} entre la contabilidad y el banco.
La inspección rechaza la deducción porque falta {doc}.
Se produce una doble imposición, pues ambos países reclaman el gravamen.
El expediente está incompleto y la auditoría se ha paralizado.
Por un fallo del sistema el {tax} se calculó con un tipo equivocado.
El arrendatario lleva meses sin pagar.
El recurso fue declarado inadmisible.
Se enviaron datos personales al destinatario equivocado.
Los socios discuten sobre el valor del inmueble.
""",
    ("solution", "es"): """
Presente una declaración rectificativa y solicite la condonación del recargo.
Recomendamos a {who} acordar previamente los precios con la administración.
Concilie las cuentas cada mes y aclare de inmediato cualquier diferencia.
El régimen de grupo deja sin {tax} las entregas internas.
El contrato se modificó y se firmó de nuevo, con lo que se conserva la deducción.
Pida un aplazamiento y pacte el pago a plazos.
Las partes transigieron por {sum}.
El documento que faltaba se aportó y el expediente quedó cerrado.
En adelante una segunda persona aprobará cada pago.
Interponga recurso en el plazo de un mes y adjunte las pruebas.
""",
    ("topic", "es"): """
Este memorando trata del {tax} en los servicios transfronterizos.
En este capítulo se describe cómo se fijan los intereses dentro de un grupo.
Por cuota soportada se entiende el impuesto que una empresa paga en sus compras.
El informe ofrece una visión general de los regímenes para empresas familiares.
Un establecimiento permanente es un lugar fijo de negocios mediante el cual opera una empresa.
El anexo contiene la lista de abreviaturas.
A continuación se presenta una introducción a la consolidación contable.
El manual describe el proceso desde el pedido hasta la factura.
El folleto explica en términos generales el {tax}.
Este apartado aborda la relación entre el resultado contable y la base imponible.
""",
    ("year", "es"): """
El contrato se firmó el {d} de {m} de {y}.
En {y} la cifra de negocios fue de {sum}.
Las cifras son a 31 de diciembre de {y}.
{who} se constituyó en {y}.
El arrendamiento rige desde el {d} de {m} de {y}.
Declaración del {tax} del tercer trimestre de {y}.
Entre {m} y {m} de {y} se facturaron {sum}.
La ley entró en vigor el 1 de enero de {y}.
Madrid, {d} de {m} de {y}.
La revisión abarca el período comprendido entre {y} y 2024.
""",
}


def variants(sentence: str, language: str, seed: str) -> list[str]:
    """The sentence with other words in its slots; one alone where it has no slot."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    for _ in range(VARIANTS * 3):
        text = sentence
        for name, words in SLOTS[language].items():
            while f"{{{name}}}" in text:
                text = text.replace(f"{{{name}}}", chance.choice(words), 1)
        found[text[0].upper() + text[1:]] = None
    return list(found)[:VARIANTS]


def main() -> None:
    """Write the file."""
    lines = []
    for (label, language), sentences in SENTENCES.items():
        for number, sentence in enumerate(sentences.strip().splitlines()):
            group = f"{label}-{language}-{number:02d}"
            lines += [
                json.dumps({"text": text, "label": label, "group": group, "language": language}, ensure_ascii=False)
                for text in variants(sentence, language, group)
            ]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} examples in {len({json.loads(line)['group'] for line in lines})} groups")


if __name__ == "__main__":
    main()
