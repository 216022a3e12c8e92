// SPDX-License-Identifier: Apache-2.0

public import LockGraph
public import TraceFiles

/// One page for a browser, complete in itself: findings with both stacks of each dependency side by side, the cycles and
/// any class's neighbourhood as pictures, search.
///
/// The page asks no network for anything; its content security policy forbids that, and any script but its own. Its
/// head is plain HTML, so that the verdict is there at the first paint; the rest is data (``PageData``) that the
/// page's script (`Page/*.js`, built into the program) shows piece by piece as it is asked for.
public enum HTML {
    /// The page of a graph.
    ///
    /// - Parameters:
    ///   - findings: What was found, what matters most first.
    ///   - graph: Where.
    ///   - baseline: What `findings` were compared with.
    ///   - style: The names of graph and baseline.
    public static func text(
        _ findings: [Finding],
        of graph: GraphSnapshot,
        baseline: Baseline? = nil,
        style: ReportStyle = ReportStyle()
    ) -> [UInt8] {
        let script = scripts.reduce(into: Array("'use strict';\n".utf8)) { $0 += $1 }
        let look = PackageResources.page_css
        let policy = [
            "default-src 'none'", "base-uri 'none'", "form-action 'none'", "script-src \(source(script))",
            "style-src \(source(look))",
        ]
        let title = (style.graph ?? graph.runs.first?.id ?? "").visible
        let head = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(policy.joined(separator: "; "))">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>livedep: \(escaped(title))</title>
            <style>
            """
        var bytes = Array(head.utf8)
        bytes += look
        bytes += Array("</style>\n</head>\n<body>\n".utf8)
        bytes += Array(PageHead(findings, of: graph, title: title, baseline: style.baseline).html.utf8)
        bytes += PackageResources.body_html
        bytes += Array("<script type=\"application/json\" id=\"data\">".utf8)
        bytes += PageData.json(findings, of: graph, baseline: baseline, style: style)
        bytes += Array("</script>\n<script>".utf8)
        bytes += script
        bytes += Array("</script>\n</body>\n</html>\n".utf8)
        return bytes
    }

    /// In the order they build upon each other.
    private static var scripts: [[UInt8]] {
        [
            PackageResources.data_js, PackageResources.elements_js, PackageResources.layout_js,
            PackageResources.picture_js, PackageResources.graph_js, PackageResources.details_js,
            PackageResources.lists_js, PackageResources.main_js,
        ]
    }

    /// A script or style as a content security policy names it.
    private static func source(_ text: [UInt8]) -> String { "'sha256-\(base64(SHA256.digest(text)))'" }

    /// RFC 4648.
    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (group + [0, 0]).prefix(3).reduce(0) { $0 << 8 | Int($1) }
            for place in 0..<4 {
                text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }

    /// Text as the content of an element or of a quoted attribute.
    static func escaped(_ text: String) -> String {
        text.visible.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }
}
