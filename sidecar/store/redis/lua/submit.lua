-- Accepts a batch of submissions, or says of each why not.
-- ARGV: now, retention, largest queue, largest bytes (0: no quota), what is to be known of each, then the record of each (layout.lua).
--   Known of each, one behind the other: time to live, reachable (-1: no matter), sizes of content, owner and id; id.
-- Returns outcome and number for each, in order, as one text; outcome `any`: something is there under its id, ask submit-any.
-- Guarantee: an accepted request has its record, payload, deadline and place in line, or none of them. The first write is SET, which
-- Redis refuses when its memory is full: new work is refused whole, never in part.
-- Plain code without a function: each one that a script makes costs as much as a small command. So are claim and complete.
--@include clock
--@include shared
local seq, bytes = tonumber(shared[2] or '0'), tonumber(shared[3] or '0')
local waiting = redis.call('ZCARD', base .. ':waiting')
local queued = waiting + redis.call('ZCARD', base .. ':delayed')
local mostQueued, mostBytes, facts, record = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], base .. ':r:'
local places, deadlines, replies, at, neededUntil, lastTime, deadline, removeAt = {}, {}, {}, 1, 0
for i = 6, #ARGV do
  local timeToLive, reachable, size, ownerSize, idSize, next = struct.unpack('<ddI4HH', facts, at)
  at = next + idSize
  local id, outcome, number = string.sub(facts, next, at - 1), nil, queued
  if timeToLive ~= lastTime then
    lastTime = timeToLive
    deadline, removeAt = string.format('%d', now + timeToLive), string.format('%d', now + timeToLive + retention)
  end
  if queued >= mostQueued then
    outcome = 'full'
  elseif reachable >= 0 and queued > reachable then
    outcome = 'unreachable'
  elseif mostBytes > 0 and bytes + size > mostBytes then
    outcome, number = 'quota_exceeded', bytes
  end
  if outcome then
    -- The same request again is no new one.
    if redis.call('EXISTS', record .. id) == 1 then outcome = 'any' end
  elseif redis.call('SET', record .. id, ARGV[i], 'NX', 'PXAT', removeAt) then
    outcome, seq, bytes, queued = 'accepted', seq + 1, bytes + size, queued + 1
    if timeToLive > neededUntil then neededUntil = timeToLive end
    local last = #places
    places[last + 1], places[last + 2] = string.format('%d', seq), id
    deadlines[last + 1], deadlines[last + 2] = deadline, id
  else
    outcome = 'any'
  end
  local told = #replies
  replies[told + 1], replies[told + 2] = outcome, string.format('%d', number)
end
if #places > 0 then
  neededUntil = now + neededUntil + retention
--@include extend
  redis.call('ZADD', base .. ':waiting', unpack(places))
  redis.call('ZADD', base .. ':deadlines', unpack(deadlines))
  redis.call('HSET', base, 'seq', string.format('%d', seq), 'bytes', string.format('%d', bytes))
  if waiting == 0 then
    -- An index that was emptied is gone with its expiry.
    redis.call('PEXPIREAT', base .. ':waiting', string.format('%d', horizon))
    redis.call('PEXPIREAT', base .. ':deadlines', string.format('%d', horizon))
    redis.call('PUBLISH', base .. ':work', '')
  end
end
return table.concat(replies, ' ')
