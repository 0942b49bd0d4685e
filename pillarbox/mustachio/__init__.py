"""Mustachio, the language of Postmark's templates: parsing, rendering, and the model a template asks for.

Pure: text and JSON values in, text and JSON values out. Nothing here recurses with the depth of its input.
"""
