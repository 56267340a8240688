import CTorch

/// How a tensor's elements lie in memory.
package enum MemoryFormat: Sendable {
    /// Row-major: the last dimension varies fastest.
    case contiguous
    /// `[N, C, H, W]` with the channel varying fastest: what convolutions are quickest on.
    case channelsLast

    var code: Int32 {
        switch self {
        case .contiguous: Int32(CT_CONTIGUOUS)
        case .channelsLast: Int32(CT_CHANNELS_LAST)
        }
    }
}
