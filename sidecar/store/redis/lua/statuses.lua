-- Statuses of several requests in one call. ARGV: now, retention, id...
-- Returns the status fields of each, nothing for one that is unknown. Changes nothing.
--@include keys
--@include horizon
--@include gather
--@include record
--@include look
local replies = {}
for i = 3, #ARGV do replies[i - 2] = (look(ARGV[i])) end
return replies
