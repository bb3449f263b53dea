-- A dissector for memograms (hio 0.7.20) in Wireshark and tshark.
--
--   wireshark -X lua_script:Demos/wireshark/memogram.lua FILE.pcapng
--   tshark -X lua_script:Demos/wireshark/memogram.lua -r FILE.pcapng
--
-- It looks at every UDP datagram and takes those that begin with the code of a gram, as text or in binary.

local memogram = Proto("memogram", "Memogram")

local kinds = {
    [0] = "plain", [1] = "plain", [2] = "signed", [3] = "signed", [4] = "sure", [5] = "sure",
    [6] = "sure-signed", [7] = "sure-signed", [8] = "ack", [9] = "signed ack",
}
local statuses = { [0] = "more", [1] = "done", [2] = "refused", [3] = "stale" }

local f = memogram.fields
f.domain = ProtoField.string("memogram.domain", "Domain")
f.code = ProtoField.string("memogram.code", "Code")
f.kind = ProtoField.string("memogram.kind", "Kind")
f.zeroth = ProtoField.bool("memogram.zeroth", "First gram")
f.count = ProtoField.uint32("memogram.count", "Count of grams")
f.number = ProtoField.uint32("memogram.number", "Gram number")
f.mid = ProtoField.string("memogram.mid", "Memo id")
f.vid = ProtoField.string("memogram.vid", "Signer")
f.body = ProtoField.bytes("memogram.body", "Body")
f.length = ProtoField.uint32("memogram.length", "Body length")
f.signature = ProtoField.string("memogram.signature", "Signature")
f.status = ProtoField.string("memogram.ack.status", "Status")
f.reason = ProtoField.uint8("memogram.ack.reason", "Reason")
f.flags = ProtoField.uint8("memogram.ack.flags", "Flags", base.HEX)
f.base = ProtoField.uint32("memogram.ack.base", "Lowest number not held")
f.credit = ProtoField.uint32("memogram.ack.credit", "Credit")
f.heard = ProtoField.uint32("memogram.ack.heard", "Grams heard")
f.lag = ProtoField.uint32("memogram.ack.lag", "Lag in microseconds")
f.bitmap = ProtoField.string("memogram.ack.bitmap", "Held beyond")
f.further = ProtoField.string("memogram.ack.further", "Complete too")

local bad = ProtoExpert.new("memogram.bad", "Bad gram", expert.group.MALFORMED, expert.severity.ERROR)
memogram.experts = { bad }

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local values = {}
for i = 1, 64 do values[alphabet:sub(i, i)] = i - 1 end

-- The number that base64url characters stand for; nil if one of them is none.
local function number_of(text)
    local number = 0
    for i = 1, #text do
        local value = values[text:sub(i, i)]
        if not value then return nil end
        number = number * 64 + value
    end
    return number
end

-- Bytes, a multiple of three of them, as base64url characters.
local function characters_of(range)
    local text = {}
    for i = 0, range:len() - 1, 3 do
        local word = range(i, 3):uint()
        for shift = 3, 0, -1 do
            local index = math.floor(word / 64 ^ shift) % 64
            text[#text + 1] = alphabet:sub(index + 1, index + 1)
        end
    end
    return table.concat(text)
end

-- A field of `count` characters at `at`: its characters, its range and where it ends. In binary it has 3/4 the bytes.
local function field(tvb, at, count, is_text)
    local size = is_text and count or count * 3 / 4
    if at + size > tvb:len() then return nil end
    local range = tvb(at, size)
    local text = is_text and range:string() or characters_of(range)
    return text, range, at + size
end

local function domain_of(tvb)
    if tvb:len() < 3 then return nil end
    local top = math.floor(tvb(0, 1):uint() / 4)
    if top == 0x18 and tvb:len() >= 4 then return true, tvb(0, 4):string() end
    if top == 0x1b then return false, characters_of(tvb(0, 3)) end
    return nil
end

local function index_of(code)
    if code:sub(1, 3) ~= "bAA" then return nil end
    local index = values[code:sub(4, 4)]
    return index and index <= 9 and index or nil
end

local function quads(tvb, at, finish, is_text)
    local list, size = {}, is_text and 4 or 3
    while at + size <= finish do
        local text, range = field(tvb, at, 4, is_text)
        list[#list + 1] = { value = number_of(text) or -1, text = text, range = range }
        at = at + size
    end
    return list, at == finish
end

local function ack_body(tvb, tree, at, finish, is_text)
    if at == finish then return "acks that gram" end
    local q, whole = quads(tvb, at, finish, is_text)
    if not whole or #q < 5 then
        tree:add_proto_expert_info(bad, "the body of an ack has at least five quads")
        return "bad ack"
    end
    local first = q[1].value
    local status = math.floor(first / 4096) % 64
    local flags = first % 64
    tree:add(f.status, q[1].range, statuses[status] or tostring(status))
    tree:add(f.reason, q[1].range, math.floor(first / 64) % 64)
    tree:add(f.flags, q[1].range, flags)
    tree:add(f.base, q[2].range, q[2].value)
    tree:add(f.credit, q[3].range, q[3].value)
    tree:add(f.heard, q[4].range, q[4].value)
    tree:add(f.lag, q[5].range, q[5].value)
    if math.floor(flags / 2) % 2 == 1 then
        for i = 6, #q - 5, 6 do
            local mid = ""
            for k = 0, 5 do mid = mid .. q[i + k].text end
            tree:add(f.further, mid)
        end
    elseif #q > 5 then
        local held = {}
        for i = 6, #q do
            for bit = 0, 23 do
                if math.floor(q[i].value / 2 ^ (23 - bit)) % 2 == 1 then
                    held[#held + 1] = tostring(q[2].value + 1 + (i - 6) * 24 + bit)
                end
            end
        end
        tree:add(f.bitmap, table.concat(held, " "))
    end
    return (statuses[status] or "?") .. ", base " .. q[2].value
end

local function dissect(tvb, pinfo, root, is_text, code, index)
    local tree = root:add(memogram, tvb())
    pinfo.cols.protocol = "MEMOGRAM"
    tree:add(f.domain, is_text and "text" or "binary")
    local _, range, at = field(tvb, 0, 4, is_text)
    tree:add(f.code, range, code)
    tree:add(f.kind, range, kinds[index])
    local is_ack = index >= 8
    local is_zeroth = index % 2 == 0 and not is_ack
    local is_signed = index == 2 or index == 3 or index == 6 or index == 7 or index == 9
    tree:add(f.zeroth, is_zeroth)

    local text
    text, range, at = field(tvb, at, 4, is_text)
    local number = text and number_of(text)
    if not number then
        tree:add_proto_expert_info(bad, "no number")
        return
    end
    tree:add(is_zeroth and f.count or f.number, range, number)
    if index % 2 == 1 and not is_ack and number == 0 then
        tree:add_proto_expert_info(bad, "a later gram with number 0")
    end
    text, range, at = field(tvb, at, 24, is_text)
    if not text or text:sub(1, 2) ~= "0A" or not number_of(text:sub(3)) then
        tree:add_proto_expert_info(bad, "no memo id")
        return
    end
    local mid = text
    tree:add(f.mid, range, mid)
    if is_signed and (is_zeroth or is_ack) then
        text, range, at = field(tvb, at, 44, is_text)
        if not text or not number_of(text:sub(2)) then
            tree:add_proto_expert_info(bad, "no signer")
            return
        end
        tree:add(f.vid, range, text)
    end
    local finish = tvb:len()
    if is_signed then
        local size = is_text and 88 or 66
        finish = finish - size
        if finish < at then
            tree:add_proto_expert_info(bad, "no room for a signature")
            return
        end
        text, range = field(tvb, finish, 88, is_text)
        tree:add(f.signature, range, text)
        if text:sub(1, 2) ~= "0B" then tree:add_proto_expert_info(bad, "a signature begins with 0B") end
    end
    local what = is_zeroth and ("0 of " .. number) or tostring(number)
    if finish > at then tree:add(f.body, tvb(at, finish - at)) end
    tree:add(f.length, finish - at)
    local more = ""
    if is_ack then more = ": " .. ack_body(tvb, tree, at, finish, is_text) end
    pinfo.cols.info = kinds[index] .. " " .. what .. ", memo …" .. mid:sub(-4) .. more
        .. (is_ack and "" or ", " .. (finish - at) .. " B")
end

local function heuristic(tvb, pinfo, root)
    local is_text, code = domain_of(tvb)
    if is_text == nil then return false end
    local index = index_of(code)
    if not index then return false end
    dissect(tvb, pinfo, root, is_text, code, index)
    return true
end

memogram:register_heuristic("udp", heuristic)
