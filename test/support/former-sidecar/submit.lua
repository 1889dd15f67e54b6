-- The step of sidecars from before a request was one text, without its comments.
local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
local function drop(set, member)
local members = dropped[set]
if members then members[#members + 1] = member else dropped[set] = { member } end
end
local function index(set, score, member)
local entries = indexed[set]
if entries then
entries[#entries + 1] = score
entries[#entries + 1] = member
else
indexed[set] = { score, member }
end
end
local function free(key) freed[#freed + 1] = key end
local function later(...) put[#put + 1] = { ... } end
local function changed(id) told[#told + 1] = id end
local function addBytes(count) bytesMore = bytesMore + count end
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local seq, bytes, acceptedCount = tonumber(shared[2] or '0'), tonumber(shared[3] or '0'), 0
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
local areAllNew, accepted = false, {}
local function lookUp(ids)
local keys = {}
for i, id in ipairs(ids) do keys[i] = recordKey(id) end
areAllNew = redis.call('EXISTS', unpack(keys)) == 0
end
local function known(key, item)
if areAllNew and not accepted[item.id] then return nil end
local r = redis.call('HMGET', key, 'h', 'o', 'v', 'rm', 'q', 'held')
if not r[1] then return nil end
if r[4] and tonumber(r[4]) <= now then
forget(item.id, r[6])
bytes = bytes - tonumber(r[6])
settle()
return nil
end
if r[3] == item.token then return 'accepted', redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[5]) end
if r[1] == item.fingerprint and (r[2] or '') == item.owner then return 'duplicate', 0 end
return 'conflict', 0
end
local function accept(limits, item)
local key = recordKey(item.id)
local outcome, number = known(key, item)
if outcome then return outcome, number end
local size = #item.payload
if queued >= limits.queue then return 'full', queued end
if item.reachable >= 0 and queued > item.reachable then return 'unreachable', queued end
if limits.bytes > 0 and bytes + size > limits.bytes then return 'quota_exceeded', bytes end
seq = seq + 1
local deadline = whole(now + item.ttl)
local removeAt = now + item.ttl + retention
local fields = { 's', 'queued', 'm', item.mode, 'h', item.fingerprint, 'v', item.token, 'q', whole(seq), 'c', whole(now),
'd', deadline, 'u', whole(removeAt), 'b', size }
if item.owner ~= '' then fields[#fields + 1] = 'o'; fields[#fields + 1] = item.owner end
if item.webhook ~= '' then fields[#fields + 1] = 'w'; fields[#fields + 1] = item.webhook end
redis.call('HSET', key, unpack(fields))
redis.call('PEXPIREAT', key, whole(removeAt))
redis.call('SET', payloadKey(item.id), item.payload, 'PXAT', whole(removeAt))
extendHorizon(removeAt)
addBytes(size)
bytes = bytes + size
index(DEADLINES, deadline, item.id)
index(WAITING, whole(seq), item.id)
accepted[item.id] = true
acceptedCount = acceptedCount + 1
queued = queued + 1
return 'accepted', queued - 1
end
local function settleAccepted()
if acceptedCount > 0 then later('HSET', base, 'seq', whole(seq)) end
settle()
if acceptedCount > 0 and waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
end
local limits, token = { queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }, ARGV[5]
local replies, ids = {}, {}
for i = 1, tonumber(ARGV[6]) do ids[i] = ARGV[7 + (i - 1) * 8] end
lookUp(ids)
for i = 1, tonumber(ARGV[6]) do
local at = 6 + (i - 1) * 8
replies[#replies + 1], replies[#replies + 2] = accept(limits, {
id = ARGV[at + 1], token = token .. i, mode = ARGV[at + 2], owner = ARGV[at + 3], webhook = ARGV[at + 4],
fingerprint = ARGV[at + 5], ttl = tonumber(ARGV[at + 6]), reachable = tonumber(ARGV[at + 7]), payload = ARGV[at + 8],
})
end
settleAccepted()
return replies
