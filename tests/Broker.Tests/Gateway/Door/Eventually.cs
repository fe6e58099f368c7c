namespace Broker.Tests.Gateway.Door;

/// <summary>What comes by itself, in a moment that is not the test's to choose.</summary>
internal static class Eventually
{
    /// <inheritdoc cref="SucceedsAsync(Func{Task})"/>
    internal static Task SucceedsAsync(Action action) => SucceedsAsync(() =>
    {
        action();
        return Task.CompletedTask;
    });

    /// <summary>Tries until it succeeds; after half a minute its failure is the test's.</summary>
    internal static async Task SucceedsAsync(Func<Task> action)
    {
        var began = Environment.TickCount64;
        while (true)
        {
            try
            {
                await action();
                return;
            }
            catch (Exception) when (Environment.TickCount64 - began < 30_000)
            {
                await Task.Delay(20);
            }
        }
    }
}
