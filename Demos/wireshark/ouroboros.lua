-- A dissector for the UDP layer of Ouroboros 0.23 (ipcpd-udp4, no other version), and for our own layers of flows over
-- plain datagrams, which have the same frames with other codes.
--
--   wireshark -X lua_script:Demos/wireshark/ouroboros.lua FILE.pcapng
--   tshark -X lua_script:Demos/wireshark/ouroboros.lua -r FILE.pcapng
--
-- It looks at every UDP datagram. A management frame is known by its endpoint 0 and its code. What else a datagram is
-- depends on the flow that its endpoint belongs to: it is known once the answer to its request was seen.

local o7 = Proto("o7udp", "Ouroboros 0.23 UDP layer")

local codes = {
    [1] = "request", [2] = "reply", [0x21] = "request (own)", [0x22] = "reply (own)", [0x23] = "join (own)",
    [0x24] = "close (own)", [0x25] = "closed (own)",
}

local f = o7.fields
f.eid = ProtoField.uint32("o7udp.eid", "Endpoint")
f.s_eid = ProtoField.uint32("o7udp.s_eid", "Source endpoint")
f.d_eid = ProtoField.uint32("o7udp.d_eid", "Destination endpoint")
f.response = ProtoField.int32("o7udp.response", "Response")
f.bandwidth = ProtoField.uint64("o7udp.bandwidth", "Bandwidth in bits a second")
f.delay = ProtoField.uint32("o7udp.delay", "Delay in ms")
f.loss = ProtoField.uint32("o7udp.loss", "Loss")
f.ber = ProtoField.uint32("o7udp.ber", "Bit errors")
f.max_gap = ProtoField.uint32("o7udp.max_gap", "Longest gap in ms")
f.timeout = ProtoField.uint32("o7udp.timeout", "Timeout in ms")
f.code = ProtoField.uint8("o7udp.code", "Code", base.HEX, codes)
f.availability = ProtoField.uint8("o7udp.availability", "Availability")
f.in_order = ProtoField.uint8("o7udp.in_order", "In order")
f.name = ProtoField.bytes("o7udp.name", "MD5 of the name")
f.id = ProtoField.bytes("o7udp.oap.id", "Introduction")
f.stamp = ProtoField.uint64("o7udp.oap.stamp", "Nanoseconds of UTC")
f.cipher = ProtoField.uint16("o7udp.oap.cipher", "Cipher", base.HEX)
f.kdf = ProtoField.uint16("o7udp.oap.kdf", "Key derivation", base.HEX)
f.digest = ProtoField.uint16("o7udp.oap.digest", "Digest", base.HEX)
f.key = ProtoField.bytes("o7udp.oap.key", "Share of a key")
f.data = ProtoField.bytes("o7udp.oap.data", "Data")
f.hash = ProtoField.bytes("o7udp.oap.hash", "SHA-384 of the request")
f.flags = ProtoField.uint8("o7udp.frct.flags", "Flags", base.HEX)
f.window = ProtoField.uint24("o7udp.frct.window", "Right edge of the window, low 24 bits")
f.seqno = ProtoField.uint32("o7udp.frct.seqno", "Sequence number")
f.ackno = ProtoField.uint32("o7udp.frct.ackno", "Next number expected")
f.bitmap = ProtoField.bytes("o7udp.frct.bitmap", "Held beyond the gap (own)")
f.payload = ProtoField.bytes("o7udp.payload", "Packet")
f.length = ProtoField.uint32("o7udp.length", "Packet length")
f.crc = ProtoField.uint32("o7udp.crc", "CRC-32", base.HEX)

local bad = ProtoExpert.new("o7udp.bad", "Bad frame", expert.group.MALFORMED, expert.severity.ERROR)
o7.experts = { bad }

-- What is promised about the flow to an endpoint at an address; and of requests that are not answered yet.
local flows, asked = {}, {}
function o7.init() flows, asked = {}, {} end

local function place(address, port, eid) return tostring(address) .. ":" .. port .. "/" .. eid end

local function oap(tvb, tree, at, is_answer)
    if tvb:len() < at + 36 then return tree:add_proto_expert_info(bad, "an introduction that is cut short") end
    tree:add(f.id, tvb(at, 16))
    tree:add(f.stamp, tvb(at + 16, 8))
    tree:add(f.cipher, tvb(at + 24, 2))
    tree:add(f.kdf, tvb(at + 26, 2))
    tree:add(f.digest, tvb(at + 28, 2))
    local certificate, key = tvb(at + 30, 2):uint(), tvb(at + 32, 2):uint() % 0x4000
    local count = tvb(at + 34, 2):uint()
    local start = at + 36 + certificate
    local finish = start + key + count
    if tvb:len() ~= finish + (is_answer and 48 or 0) then
        return tree:add_proto_expert_info(bad, "an introduction whose lengths do not come out even")
    end
    if key > 0 then tree:add(f.key, tvb(start, key)) end
    if count > 0 then tree:add(f.data, tvb(start + key, count)) end
    if is_answer then tree:add(f.hash, tvb(finish, 48)) end
end

local function management(tvb, pinfo, root)
    local tree = root:add(o7, tvb())
    local code = tvb(44, 1):uint()
    local source, destination = tvb(4, 4):uint(), tvb(8, 4):uint()
    local response = tvb(12, 4):int()
    local promise = { loss = tvb(28, 4):uint(), ber = tvb(32, 4):uint(), in_order = tvb(46, 1):uint() }
    tree:add(f.code, tvb(44, 1))
    tree:add(f.s_eid, tvb(4, 4))
    tree:add(f.d_eid, tvb(8, 4))
    tree:add(f.response, tvb(12, 4))
    local is_request = code == 1 or code == 0x21 or code == 0x23
    promise.is_own = code >= 0x21
    if is_request then
        tree:add(f.delay, tvb(24, 4))
        tree:add(f.bandwidth, tvb(16, 8))
        tree:add(f.availability, tvb(45, 1))
        tree:add(f.loss, tvb(28, 4))
        tree:add(f.ber, tvb(32, 4))
        tree:add(f.in_order, tvb(46, 1))
        tree:add(f.max_gap, tvb(36, 4))
        tree:add(f.timeout, tvb(40, 4))
        asked[place(pinfo.src, pinfo.src_port, source)] = promise
        if tvb:len() < 63 then
            tree:add_proto_expert_info(bad, "a request without a name")
        else
            tree:add(f.name, tvb(47, 16))
            oap(tvb, tree, 63, false)
        end
    elseif code == 2 or code == 0x22 then
        local known = asked[place(pinfo.dst, pinfo.dst_port, source)]
        if response == 0 then
            if known then
                flows[place(pinfo.dst, pinfo.dst_port, source)] = known
                flows[place(pinfo.src, pinfo.src_port, destination)] = known
            end
            oap(tvb, tree, 47, true)
        end
    end
    pinfo.cols.info = codes[code] .. ", endpoints " .. source .. " and " .. destination
        .. (response ~= 0 and ", response " .. response or "")
end

local names = { { 1, "DATA" }, { 2, "DRF" }, { 4, "ACK" }, { 8, "FC" }, { 16, "RDVS" }, { 64, "BITMAP" } }

local function packet(tvb, pinfo, root, promise)
    local tree = root:add(o7, tvb())
    tree:add(f.eid, tvb(0, 4))
    local at, finish, what = 4, tvb:len(), ""
    if finish == 4 then
        pinfo.cols.info = "keep-alive to endpoint " .. tvb(0, 4):uint()
        return
    end
    local is_numbered = promise.in_order ~= 0 or promise.loss == 0
    -- Empty acknowledgements of a real 0.23 carry no checksum.
    local is_bare = is_numbered and finish >= 8 and tvb(4, 1):uint() % 2 == 0
    if promise.ber == 0 and finish >= 8 and not (is_bare and finish == 16) then
        finish = finish - 4
        tree:add(f.crc, tvb(finish, 4))
    end
    if is_numbered then
        if finish < 16 then return tree:add_proto_expert_info(bad, "a packet without its header") end
        local flags = tvb(4, 1):uint()
        local words = {}
        for _, flag in ipairs(names) do
            if math.floor(flags / flag[1]) % 2 == 1 then words[#words + 1] = flag[2] end
        end
        what = " " .. table.concat(words, "|")
        tree:add(f.flags, tvb(4, 1)):append_text(" (" .. table.concat(words, ", ") .. ")")
        tree:add(f.window, tvb(5, 3))
        tree:add(f.seqno, tvb(8, 4))
        tree:add(f.ackno, tvb(12, 4))
        if flags % 2 == 1 then what = what .. " " .. tvb(8, 4):uint() end
        if math.floor(flags / 4) % 2 == 1 then what = what .. ", expects " .. tvb(12, 4):uint() end
        at = 16
        if flags % 2 == 0 then
            if finish > at and promise.is_own then tree:add(f.bitmap, tvb(at, finish - at)) end
            at = finish
        end
    end
    if finish > at then tree:add(f.payload, tvb(at, finish - at)) end
    tree:add(f.length, finish - at)
    pinfo.cols.info = "packet to endpoint " .. tvb(0, 4):uint() .. what .. ", " .. (finish - at) .. " B"
end

local function heuristic(tvb, pinfo, root)
    if tvb:len() < 4 then return false end
    local eid = tvb(0, 4):uint()
    if eid == 0 then
        if tvb:len() < 47 or not codes[tvb(44, 1):uint()] then return false end
        pinfo.cols.protocol = "O7-UDP"
        management(tvb, pinfo, root)
        return true
    end
    local promise = flows[place(pinfo.dst, pinfo.dst_port, eid)]
    if not promise then return false end
    pinfo.cols.protocol = "O7-UDP"
    packet(tvb, pinfo, root, promise)
    return true
end

o7:register_heuristic("udp", heuristic)
