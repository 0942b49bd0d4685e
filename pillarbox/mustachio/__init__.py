"""Mustachio, the language of Postmark's templates: parsing, rendering, and the model a template asks for.

Pure: text and JSON values in, text and JSON values out. Nothing here recurses with the depth of a template, and
what a customer's text may cost is bounded: `parse.MAX_TOKENS`, `render.Budget`, `infer.MAX_NAMES`.
"""
