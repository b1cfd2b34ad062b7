"""How a difficulty plays, derived once and read by many checks.

Each module holds one kind of fact: frozen values, and a function of a ``Difficulty`` that derives
them. A check asks for them with ``difficulty.fact(function)``; they are computed when first asked
for, and kept as long as the difficulty does not change. A fact may ask for others.
"""
