"""What the game makes of a map: facts about play that several checks need, each derived once.

Pure functions over a ``Beatmap``. The facts and numbers come from osu!lazer (the classes are named
in each module); where stable and lazer differ, lazer's legacy-compatible reading stands. Checks of
one run share what is derived here through their context.
"""
