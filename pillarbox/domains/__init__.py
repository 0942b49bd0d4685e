"""Sending domains: who may be a sender, and the DKIM keys their mail is signed with."""
