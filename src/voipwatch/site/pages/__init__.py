"""What each page says, as typed contexts of its template; no HTML here."""
