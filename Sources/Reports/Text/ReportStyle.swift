// SPDX-License-Identifier: Apache-2.0

/// How a text report is to look, and what it may refer to.
public struct ReportStyle: Sendable {
    /// Whether to use the terminal's colours.
    public var isColoured: Bool
    /// The baseline's name as the user gave it; nil without one.
    public var baseline: String?
    /// The graph file in which the stacks can be looked up; nil if there is none.
    public var graph: String?

    /// Describes a style; plain text by default.
    public init(isColoured: Bool = false, baseline: String? = nil, graph: String? = nil) {
        self.isColoured = isColoured
        self.baseline = baseline
        self.graph = graph
    }

    func heading(_ text: String) -> String { paint(text, "1") }
    func alarm(_ text: String) -> String { paint(text, "1;31") }
    func quiet(_ text: String) -> String { paint(text, "2") }

    private func paint(_ text: String, _ code: String) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
