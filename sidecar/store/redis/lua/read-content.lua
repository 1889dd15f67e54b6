-- A piece of an answer behind its beginning (look.lua).
-- ARGV: now, retention, id, when it was answered, place of the first byte, most bytes
-- Returns the bytes; nothing where the answer is there no more. Changes nothing.
--@include keys
--@include horizon
--@include gather
--@include record
local id, at = ARGV[3], tonumber(ARGV[5])
local r = read(id)
if not r or r.state ~= 'x' or r.outcome ~= 'a' or r.completed ~= tonumber(ARGV[4]) then return false end
return part(id, r, at, math.min(tonumber(ARGV[6]), r.size - at))
