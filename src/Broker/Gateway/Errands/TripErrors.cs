namespace Broker.Gateway.Errands;

/// <summary>Errors that a read may have because it shared a trip: it runs again alone, and is told what it meets there.</summary>
internal static class TripErrors
{
    /// <summary>
    /// Whether an error may be of the trip: of its transaction, of its lock timeout, of its being cancelled or read-only, of names that it
    /// prepares.
    /// </summary>
    internal static bool MayBeOfTheTrip(string sqlState) =>
        sqlState is "55P03" or "57014" or "0A000" or "26000" or "42P03" or "42P05" or "42P07" or ['2', '5', ..] or ['4', '0', ..]
            or ['2', 'D', ..];
}
