-- What wrk sends, and one line of what came of it.
--
--   wrk ... -s load.lua URL -- PATH [BODY]
--
-- In PATH and BODY, {5..9} stands for a random whole number from 5 to 9. With a BODY it is a POST.

-- The template in pieces: strings as they are, ranges as tables. Taken apart once, as wrk shares the processor with what
-- it measures.
local function compile(template)
    local pieces, from = {}, 1
    for before, first, last, after in template:gmatch("()%{(%d+)%.%.(%d+)%}()") do
        pieces[#pieces + 1] = template:sub(from, before - 1)
        pieces[#pieces + 1] = { tonumber(first), tonumber(last) }
        from = after
    end
    pieces[#pieces + 1] = template:sub(from)
    return pieces
end

local function fill(pieces)
    local filled = {}
    for i, piece in ipairs(pieces) do
        filled[i] = type(piece) == "string" and piece or string.format("%d", math.random(piece[1], piece[2]))
    end
    return table.concat(filled)
end

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

local path, body
local reads = {}
function init(args)
    math.randomseed(os.time() * 10 + number)
    path, body = compile(args[1]), args[2] and compile(args[2])
    if not body then
        -- Made beforehand: what making them costs would be taken from the server.
        for i = 1, #path == 1 and 1 or 10000 do
            reads[i] = wrk.format("GET", fill(path))
        end
    end
end

function request()
    if body then
        return wrk.format("POST", fill(path), nil, fill(body))
    end
    return reads[math.random(#reads)]
end

-- Requests, microseconds, failures, and the median and 99th percentile of the time to answer in microseconds.
function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format("result %d %d %d %d %d", summary.requests, summary.duration, failed,
        latency:percentile(50), latency:percentile(99)))
end
