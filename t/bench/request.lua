-- wrk -s request.lua URL -- METHOD KEY-FILE PATHS-FILE [BODY-FILE]: the same
-- request over and over, to one path after the other; the figures go to stdout
-- as one line of JSON.

local requests, last = {}, 0

local function read(name)
	local file = assert(io.open(name, "rb"))
	local bytes = file:read("*a")
	file:close()
	return bytes
end

function init(args)
	wrk.method = args[1]
	wrk.headers["x-api-key"] = read(args[2])
	if args[4] then
		wrk.body = read(args[4])
		wrk.headers["Content-Type"] = "application/json"
	end
	for path in io.lines(args[3]) do
		requests[#requests + 1] = wrk.format(nil, path)
	end
end

function request()
	last = last % #requests + 1
	return requests[last]
end

function done(summary, latency, requests)
	local errors = summary.errors
	io.write(string.format('{"requests":%d,"duration_us":%d,' ..
	    '"p50_us":%d,"p99_us":%d,"max_us":%d,' ..
	    '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d}}\n',
	    summary.requests, summary.duration, latency:percentile(50),
	    latency:percentile(99), latency.max, errors.connect, errors.read,
	    errors.write, errors.timeout))
end
