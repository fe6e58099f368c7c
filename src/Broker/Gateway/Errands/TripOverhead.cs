namespace Broker.Gateway.Errands;

/// <summary>
/// What a trip takes whatever it carries: the way there and back, and on a busy machine the turns of others. It is not the fault of a text:
/// a read that waits two milliseconds for the processor is none that others should be spared. Learned from trips of one, whose own work is
/// taken to be nothing until a fuller trip shows otherwise; a shorter trip of any size lowers it at once. Pure.
/// </summary>
/// <param name="Microseconds">How long; 0 while not known.</param>
internal readonly record struct TripOverhead(double Microseconds)
{
    private const double Weight = 1.0 / 16;

    /// <summary>What is believed behind a trip.</summary>
    /// <param name="members">How many travelled.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="most">What a trip may take for nothing; what it takes beyond is the work of its texts.</param>
    internal TripOverhead After(int members, TimeSpan elapsed, TimeSpan most)
    {
        var (took, known) = (Math.Min(elapsed.TotalMicroseconds, most.TotalMicroseconds), Microseconds > 0);
        return known && took < Microseconds ? new(took)
            : members > 1 ? this
            : new(known ? Microseconds + ((took - Microseconds) * Weight) : took);
    }

    /// <summary>What a trip took for its members.</summary>
    internal TimeSpan Work(TimeSpan elapsed) =>
        elapsed.TotalMicroseconds > Microseconds ? elapsed - TimeSpan.FromMicroseconds(Microseconds) : TimeSpan.Zero;
}
