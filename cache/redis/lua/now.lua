-- KEYS[1] only says which node's clock.
return whole(ms)
