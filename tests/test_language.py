"""The language of a brief."""

from __future__ import annotations

import pytest

from ai_data_strategy.playbook.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We run a helpdesk product and want to add AI so that customers are happier.", "en"),
        ("Wir wollen unsere Tickets automatisch zuordnen", "de"),
        ("Nous voulons trier les factures de nos fournisseurs", "fr"),
        ("Queremos clasificar los pedidos de la tienda online", "es"),
        ("Vogliamo prevedere la domanda nei nostri negozi ogni giorno", "it"),
        ("Мы хотим предсказать спрос на товары в магазинах", "ru"),
        ("我们想要一个模型来分类客户的投诉，每天大约有一千条", "zh"),
        ("<p>Wir wollen <b>Rechnungen</b> aus https://example.com/the/English/page automatisch auslesen</p>", "de"),
    ],
)
def test_the_language_is_told(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    "text", ["", "AI", "Fraud detection", "12345 67,8 %", "\x00\x01\xff" * 1000, "ticket_requeued case_outcome", "<div></div>"]
)
def test_too_short_or_no_text_is_english(text: str) -> None:
    assert detect(text) == "en"
