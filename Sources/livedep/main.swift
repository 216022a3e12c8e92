import LiveTracing
import LockNaming
import Foundation

let text = KernelFile.bytes(at: "/proc/kallsyms") ?? []
let t0 = Date()
let symbols = SymbolTable(kallsyms: text)
print("symbols", symbols.count, Date().timeIntervalSince(t0))
let types = KernelTypes()
let size = types?.size(of: "page")
print("types", size ?? 0, Date().timeIntervalSince(t0))
do {
    let probe = try KernelProbe(ProbeConfiguration(symbols: symbols, pageStructSize: size))
    print("open", Date().timeIntervalSince(t0))
    try probe.load()
    print("load", Date().timeIntervalSince(t0))
    try probe.attach()
    print("attach", Date().timeIntervalSince(t0))
    for h in probe.hooks { print(h.function, h.attachment, h.error) }
    probe.start()
    let p = Process(); p.executableURL = URL(fileURLWithPath: "/bin/busybox"); p.arguments = ["sh", "-c", "find /sys >/dev/null; ls -l /root"]
    try p.run(); p.waitUntilExit()
    sleep(8)
    print(probe.counters, probe.misses, probe.mapBytes)
} catch { print("FAILED:", error) }
