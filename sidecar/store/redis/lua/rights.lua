-- Which commands of the steps the user may not run, and whether it may use the deployment's keys and channels. Changes nothing: each
-- probe reads, or removes what is not there, or is told by the command itself that it is wrong, which comes after the rights.
-- ARGV: now, retention
-- Returns one rule of an ACL for each that is missing.
--@include clock
local none = base .. ':none'
local probes = {
  { 'EXISTS', none }, { 'GET', none }, { 'GETRANGE', none, 0, 0 }, { 'HDEL', none, 'f' }, { 'HGET', none, 'f' },
  { 'HINCRBY', none, 'f', 'x' }, { 'HLEN', none }, { 'HMGET', none, 'f' }, { 'HSET', none, 'f', 'v', 'x' }, { 'MGET', none },
  { 'PEXPIRE', none, 1 }, { 'PEXPIREAT', none, 1 }, { 'PTTL', none }, { 'PUBLISH', base .. ':changes', '' }, { 'SET', none, '', 'x' },
  { 'SETRANGE', none, 0, '' }, { 'TIME' }, { 'UNLINK', none }, { 'XADD', none, 'x', 'f', 'v' }, { 'XRANGE', none, '-', '+' },
  { 'ZADD', none, 'x', 'm' }, { 'ZCARD', none }, { 'ZCOUNT', none, 0, 0 }, { 'ZRANGE', none, 0, 0 }, { 'ZRANGEBYSCORE', none, 0, 0 },
  { 'ZREM', none, 'm' }, { 'ZREMRANGEBYSCORE', none, 0, 0 }, { 'ZREVRANGE', none, 0, 0 }, { 'ZSCORE', none, 'm' },
}
local missing, isKeyDenied, isChannelDenied = {}, false, false
for _, probe in ipairs(probes) do
  local reply = redis.pcall(unpack(probe))
  local err = type(reply) == 'table' and reply.err or ''
  -- Redis 6.2 and 7.0 name the executing user, later ones the script.
  if string.find(err, 'user executing the script', 1, true) or string.find(err, 'ACL failure', 1, true) then
    if string.find(err, 'the keys mentioned', 1, true) or string.find(err, "' key", 1, true) then
      isKeyDenied = true
    elseif string.find(err, 'the channel mentioned', 1, true) or string.find(err, "' channel", 1, true) then
      isChannelDenied = true
    else
      missing[#missing + 1] = '+' .. string.lower(probe[1])
    end
  end
end
if isKeyDenied then missing[#missing + 1] = '~' .. base .. '*' end
if isChannelDenied then missing[#missing + 1] = '&' .. base .. ':*' end
return missing
