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
local function judge(state, holder, removeAt, token)
if holder ~= token or token == '' or (removeAt and tonumber(removeAt) <= now) then return 'lost' end
if state == 'running' then return 'holds' end
return 'repeated'
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
return judge(r[1], r[2], r[3], token)
end
local function departed(count)
local busy = tonumber(shared[4] or '0')
local waits = redis.call('ZCARD', WAITING) > 0
if not waits and busy == 0 then return end
local fields = { 'busy', waits and whole(now) or '0' }
if busy > 0 then
local fade = 0.98 ^ count
fields[3], fields[4] = 'rateTime', tonumber(shared[5] or '0') * fade + (now - busy)
fields[5], fields[6] = 'rateCount', tonumber(shared[6] or '0') * fade + count
end
redis.call('HSET', base, unpack(fields))
end
local replies, ended, count = {}, {}, 0
local function complete(id, token, answer)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm', 'm', 'f', 'a', 'b', 'w', 'u')
local where = judge(r[1], r[2], r[3], token)
if where ~= 'holds' or ended[id] then return where == 'lost' and 0 or 1 end
ended[id] = true
local held = tonumber(r[6] or '0')
if r[6] and not r[5] then
free(streamKey(id))
addBytes(0 - held)
held = 0
end
local isKept = r[4] == 'async'
if isKept then
held = held + #answer
addBytes(#answer)
end
finish(id, { state = r[1], payload = tonumber(r[7]), answer = held, webhook = r[8], untilMs = untilOf(r[9]),
hasStream = r[6] and true }, 'answered', '', token, isKept and answer)
count = count + 1
return 1
end
for i = 1, tonumber(ARGV[3]) do
local at = i * 3
replies[i] = complete(ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
end
settle()
if count > 0 then departed(count) end
return replies
