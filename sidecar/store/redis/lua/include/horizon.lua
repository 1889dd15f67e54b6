-- Every key expires, also those shared by all requests: they outlive the last request by up to an hour.
-- All that the steps need of the deployment's own hash is read here, once.
--@include shared
local neededUntil = 0

-- Written by settle, not at once: it must not be a step's first write (gather.lua says why).
local function extendHorizon(untilMs)
  if untilMs > neededUntil then neededUntil = untilMs end
end

local function writeHorizon()
--@include extend
end
