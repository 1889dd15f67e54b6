-- A step reads first, gathers what it changes in the indexes, and writes it at its end: one command for each index instead of
-- some for each request, which is most of what a step costs. What it reads after that (a second look at the same index) it
-- settles before. Removals go first: Redis allows them when its memory is full, and then the rest of the script too, so that
-- what is in can always be finished; a step that removes nothing is then refused whole, never in part.
local dropped, indexed, freed, put, told, held, released, bytesMore = {}, {}, {}, {}, {}, {}, {}, 0

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
local function release(id) released[#released + 1] = id end

local function hold(id, bytes)
  held[#held + 1] = id
  held[#held + 1] = bytes
end

local function settleRemovals()
  for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
  if #released > 0 then redis.call('HDEL', RUNNING, unpack(released)) end
  if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
  dropped, released, freed = {}, {}, {}
end

local function settle()
  settleRemovals()
  for _, command in ipairs(put) do redis.call(unpack(command)) end
  writeHorizon()
  -- An index that was emptied is gone with its expiry; the first entries give it one again.
  for set, entries in pairs(indexed) do
    if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
      redis.call('PEXPIREAT', set, whole(horizon))
    end
  end
  if #held > 0 and redis.call('HSET', RUNNING, unpack(held)) == redis.call('HLEN', RUNNING) then
    redis.call('PEXPIREAT', RUNNING, whole(horizon))
  end
  if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', whole(bytesMore)) end
  if #told > 0 then redis.pcall('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
  indexed, put, told, held, bytesMore = {}, {}, {}, {}, 0
end
