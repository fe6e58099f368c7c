using Broker.Client.Sessions;

namespace Broker.Client.Executing;

/// <summary>Runs a function in a session of its own, and again as a whole on fresh state when the server asks for that.</summary>
internal static class UnitOfWork
{
    internal static async Task<T> RunAsync<T>(
        SessionFactory sessions, Func<Session, Task<T>> work, RetryPolicy retry, TimeProvider time, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            cancellation.ThrowIfCancellationRequested();
            var session = sessions.Open();
            await using (session.ConfigureAwait(false))
            {
                try
                {
                    var result = await work(session).ConfigureAwait(false);
                    await session.CommitAsync(cancellation).ConfigureAwait(false);
                    return result;
                }
                // What it has committed by itself would be done twice.
                catch (BrokerException refused)
                    when (attempt < retry.Attempts && !session.HasCommitted && RetryPolicy.IsWorthAnotherTry(refused.Failure))
                {
                }
            }

            await Task.Delay(retry.PauseAfter(attempt, Random.Shared.NextDouble()), time, cancellation).ConfigureAwait(false);
        }
    }
}
