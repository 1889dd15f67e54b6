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
local function wakeIfFirst(added)
if redis.call('ZCARD', WAITING) == added then redis.call('PUBLISH', base .. ':work', '') end
end
local enqueued = 0
local function enqueue(id, seq)
index(WAITING, seq, id)
enqueued = enqueued + 1
end
local function settleLine()
settle()
if enqueued > 0 then wakeIfFirst(enqueued) end
enqueued = 0
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', whole(now), 'LIMIT', 0, max)
if #due == 0 then return end
for _, id in ipairs(due) do
drop(DELAYED, id)
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
later('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
settleLine()
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
local most, token, lostToken, room = tonumber(ARGV[3]), ARGV[4], ARGV[6], tonumber(ARGV[7])
local leaseEnd = whole(now + tonumber(ARGV[5]))
local reply, payloadKeys, found, expired, isFull = { 0, 0, now }, {}, 0, 0, false
local function give(id, attempt, r)
found = found + 1
room = room - tonumber(r[6])
index(LEASES, leaseEnd, id)
payloadKeys[found] = payloadKey(id)
local at = #reply
reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = id, attempt, r[1], r[2]
reply[at + 5], reply[at + 6], reply[at + 7], reply[at + 8] = r[3], r[4] or '', r[5] or '', ''
end
local function giveAgain()
drop(LEASES, '')
for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
local key = recordKey(id)
if redis.call('HGET', key, 'k') ~= lostToken then
elseif found < most then
later('HSET', key, 'k', token)
give(id, redis.call('HGET', key, 'n'), redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b'))
else
drop(LEASES, id)
later('HSET', key, 's', 'queued', 'k', '')
later('HINCRBY', key, 'n', -1)
enqueue(id, redis.call('HGET', key, 'q'))
end
end
settleLine()
end
local function take(id)
local key = recordKey(id)
local r = redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b', 'n')
if not r[1] then
drop(WAITING, id)
elseif tonumber(r[1]) <= now then
expire(id, read(id))
expired = expired + 1
elseif found > 0 and tonumber(r[6]) > room then
isFull = true
else
local attempt = tonumber(r[7] or '0') + 1
drop(WAITING, id)
later('HSET', key, 's', 'running', 'k', token, 'n', whole(attempt), 'st', whole(now))
changed(id)
give(id, attempt, r)
end
end
if lostToken ~= '' then giveAgain() end
releaseDelayed(100)
while found < most and expired < 100 and not isFull do
local ids = redis.call('ZRANGE', WAITING, 0, most - found - 1)
if #ids == 0 then break end
for _, id in ipairs(ids) do
take(id)
if isFull then break end
end
settle()
end
if found > 0 then
for i, payload in ipairs(redis.call('MGET', unpack(payloadKeys))) do reply[3 + 8 * i] = payload or '' end
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
