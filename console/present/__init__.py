"""From rows of the store to what a page says: sentences, bars, drawings. No Flask and no HTML in here."""
