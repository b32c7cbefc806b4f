package Strongroom::Settings;

# The settings page as every web server has to serve it: its files as they are,
# nothing else, and each answer with the headers that keep it shut.

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

our @EXPORT_OK = qw(page_files page_answers);

my %TYPE = (html => 'text/html', css => 'text/css', js => 'text/javascript',
    svg => 'image/svg+xml');
my %SHUT = ('content-security-policy' => "default-src 'none'; "
    . "script-src 'self'; style-src 'self'; img-src 'self'; "
    . "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    . "frame-ancestors 'none'; require-trusted-types-for 'script'; "
    . "trusted-types 'none'",
    'x-content-type-options' => 'nosniff',
    'referrer-policy' => 'no-referrer',
    'cross-origin-opener-policy' => 'same-origin',
    'cross-origin-resource-policy' => 'same-origin',
    'permissions-policy' => 'camera=(), display-capture=(), geolocation=(), '
    . 'microphone=(), payment=(), usb=()');

# Their names.
sub page_files { map { s{.*/}{}r } glob "'@{[source()]}/www'/*" }

# What is wrong with the headers of an answer below /settings/.
sub _head_faults {
	my ($answer, $status, $cache) = @_;
	my $h = $answer->{headers};
	my @faults = $answer->{status} == $status ? ()
	    : ("status $answer->{status}, not $status");
	my %is = (%SHUT, 'cache-control' => $cache);
	for my $name (sort keys %is) {
		my $has = $h->{$name} // 'absent';
		push @faults, "$name: $has" if $has ne $is{$name};
	}
	push @faults, "$_ is there" for grep { /\Aset-cookie\z/
	    || $status < 400 && /\Aaccess-control-/ } keys %$h;
	push @faults, 'no X-Request-Id'
	    if ($h->{'x-request-id'} // '') !~ /\A[!-~]{8,64}\z/;
	return @faults;
}

sub _is_file {
	my ($answer, $name, $way, %o) = @_;
	my ($end) = $name =~ /\.(\w+)\z/;
	my @faults = _head_faults($answer, $o{status} // 200, 'no-cache');
	my $type = $answer->{headers}{'content-type'} // 'absent';
	push @faults, "Content-Type $type"
	    if !$o{status} && $type !~ m{\A\Q$TYPE{$end}\E; charset=utf-8\z}i;
	push @faults, 'another body' if $answer->{body} ne
	    ($o{bare} ? '' : slurp(source() . "/www/$name"));
	return ok(!@faults, "$way: $name " . ($o{what} // 'is served'))
	    || diag(join("\n", @faults));
}

sub _is_refusal {
	my ($answer, $status, $name) = @_;
	my $said = eval { decode($answer->{body}) };
	my @faults = _head_faults($answer, $status, 'no-store');
	push @faults, 'no JSON' if ($answer->{headers}{'content-type'} // '')
	    ne 'application/json' || ref $said ne 'HASH' || !$said->{detail};
	# Beside it Apache has an empty one, or names what it does by itself.
	my $allow = join ', ', grep { /\S/ && $_ ne 'TRACE' } split /,\s*/,
	    $answer->{headers}{allow} // '';
	push @faults, "Allow $allow"
	    if $allow ne ($status == 405 ? 'GET, HEAD' : '');
	return ok(!@faults, "$name: $status, in JSON, and shut")
	    || diag(join("\n", @faults, $answer->{body}));
}

# page_answers(sub { my ($method, $path, @headers) = @_; the answer to what is
# asked of the server }, 'name', '/settings/', long => 0 where a long header is
# refused before anybody knows for which path it was)
sub page_answers {
	my ($ask, $way, $at, %o) = @_;
	for my $name (page_files()) {
		_is_file($ask->('GET', "$at$name"), $name, $way);
		_is_file($ask->('HEAD', "$at$name"), $name, $way, bare => 1,
		    what => 'to a HEAD');
	}
	my $index = $ask->('GET', $at);
	_is_file($index, 'index.html', $way, what => 'is what / is');
	is($index->{headers}{'content-encoding'}, undef, "$way: not compressed");
	_is_file($ask->('GET', "$at?a=b"), 'index.html', $way,
	    what => 'whatever is asked with it');
	_is_file($ask->('GET', $at, 'Range', 'bytes=9999999-'), 'index.html',
	    $way, what => 'whole, whatever range is asked for');
	my $etag = $index->{headers}{etag};
	ok($etag, "$way: it has an ETag");
	_is_file($ask->('GET', $at, 'If-None-Match', $etag), 'index.html', $way,
	    status => 304, bare => 1, what => 'again, where it is known');
	_is_refusal($ask->('GET', "$at$_"), 404, "$way: $_") for
	    qw(none x/ app.js/ ../settings/none www/app.js);
	my $hidden = $ask->('GET', "$at.htaccess");
	_is_refusal($hidden, $hidden->{status} == 403 ? 403 : 404,
	    "$way: .htaccess");
	# Other ways to write it lead nowhere, or to the same.
	for my $path ("/$at", "$at/", $at =~ s/settings/%73ettings/r) {
		my $got = $ask->('GET', "${path}app.js");
		if ($got->{status} == 404) {
			is($got->{body}, '{"detail":"Not Found"}',
			    "$way: ${path}app.js is none");
		} else {
			_is_file($got, 'app.js', $way, what => "as $path");
		}
	}
	_is_refusal($ask->($_, "${at}app.js"), 405, "$way: $_ app.js")
	    for qw(POST PUT PATCH DELETE OPTIONS);
	_is_refusal($ask->('POST', $at), 405, "$way: POST to the page");
	_is_refusal($ask->('GET', "${at}x", 'X-Long', 'x' x 40_000), 400,
	    "$way: a long header") if $o{long} // 1;
	my $outside = $ask->('GET', "$at..%2f..%2f..%2f..%2fetc/passwd");
	like($outside->{status}, qr/\A40[04]\z/, "$way: nothing beside it");
	unlike($outside->{body}, qr/root:/, "$way: is served");
	my $bare = $ask->('GET', $at =~ s{/\z}{}r);
	like($bare->{status}, qr/\A30[18]\z/, "$way: without its slash");
	like($bare->{headers}{location} // '', qr{\A(?:http://[^/]+)?\Q$at\E\z},
	    'it is where it is');
}

1;
