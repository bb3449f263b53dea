import DemoKit

let usage = """
    Usage: bench ROW [options]

      sched      what a tick costs, beside C: --doers N --due busy|parked|timers|woken|F [--repeat R]
      codec      memo to grams and back, beside memcpy: --size B --gram M --kind plain|signed --domain text|binary
      datagrams  raw datagrams through peer doers, beside C: [--size B] [--row NAME]
      loopback   plain memos over real sockets, beside C: --mode 1t|2p --size B --mtu M [--pp 1] [--transport udp|uxd]
                 [--window N] [--tick-us U] [--in-place 1] [--reference 1]
