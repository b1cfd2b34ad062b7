"""The demo's song and map, as programs: the score, its sound, and the map that follows it.

`score` holds the composition as data; `instruments` and `mix` turn it into sound with numpy alone;
`rhythm` and `layout` turn the same notes into hit objects; `map_file` writes them down and plants
the faults. Nothing here is random: every noise has a fixed seed.
"""
