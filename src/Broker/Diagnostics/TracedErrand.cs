namespace Broker.Diagnostics;

/// <summary>What the trace of one member of a trip is made of.</summary>
/// <param name="TraceParent">The activity of its caller (RunErrand.TraceParent); null when it is not traced.</param>
/// <param name="Text">Its text.</param>
/// <param name="Arrived">When it came (TimeProvider.GetTimestamp).</param>
/// <param name="RunsAgain">Whether it was sent before, without an answer.</param>
internal readonly record struct TracedErrand(string? TraceParent, string Text, long Arrived, bool RunsAgain);
