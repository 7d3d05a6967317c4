"""PDF files: pdfium for text, ruled tables from its words, pdfplumber where those do not add up."""
