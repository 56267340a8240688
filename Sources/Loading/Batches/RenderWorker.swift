import Imaging

/// What a thread that renders images keeps from one to the next.
package final class RenderWorker {
    let renderer = Renderer()
    let file = FileBuffer()

    /// Makes a worker, whose memory grows as images need it.
    package init() {}
}
