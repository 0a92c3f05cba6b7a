"""A shared inbox for iMessage and SMS."""
