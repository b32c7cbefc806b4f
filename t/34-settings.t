#!/usr/bin/perl
# The settings page without a browser: nginx serves its files and nothing else,
# shut as far as a page can be, and they hold to that themselves.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Http qw(raw_http);
use Strongroom::Proc qw(run);
use Strongroom::Settings qw(page_files page_answers);

my $www = source() . '/www';
my $house = house();
$house->worker;

# The page of the source, where the snippet names that of the installation.
my $snippet = slurp(source() . '/nginx/strongroom-settings.conf.in');
$snippet =~ s/\@pkgdatadir\@/source()/e or die 'no @pkgdatadir@';
spew("$house->{dir}/settings.conf", $snippet);
my $include = qq(include "$house->{dir}/settings.conf";);
my $front = $house->nginx(lines => $include);

sub ask {
	my ($at, $method, $path, @headers) = @_;
	my $text = "$method $path HTTP/1.1\r\nHost: localhost\r\n"
	    . "Connection: close\r\n";
	while (my ($name, $value) = splice @headers, 0, 2) {
		$text .= "$name: $value\r\n";
	}
	return raw_http($at->{port}, "$text\r\n");
}

page_answers(sub { ask($front, @_) }, 'nginx', '/settings/');

# With CORS chosen, which is for the API and for refusals alone.
my $other = house(name => 'o', init => 0)->nginx(
    socket => $house->{worker}{socket},
    lines => "set \$strongroom_origin https://app.example.org;\n$include");
page_answers(sub { ask($other, @_) }, 'nginx with CORS', '/settings/',
    long => 0);
my $answer = ask($other, 'GET', '/settings/', 'Origin',
    'https://app.example.org');
is($answer->{headers}{'access-control-allow-origin'}, undef,
    'which is not for the page');

# The service is as it was.
my $key = $house->key;
$answer = ask($front, 'GET', '/api/v2/api-keys/self', 'x-api-key', $key);
is($answer->{status}, 200, 'the API is beside it');
is($answer->{headers}{'content-security-policy'}, undef,
    'and has no policy of its own');
$answer = ask($front, 'DELETE', SAVE, 'x-api-key', $key);
is("$answer->{status} $answer->{headers}{allow}", '405 POST',
    "a 405 of the service's is the service's");

# Without the snippet there is no page.
my $without = house(name => 'w', init => 0)->nginx(
    socket => $house->{worker}{socket});
answer_is(ask($without, 'GET', "/settings$_"), 404, '{"detail":"Not Found"}',
    "without the snippet, /settings$_") for '', '/', '/app.js';

# What the files may not have in them.
my %forbidden = (
    'an address elsewhere' => qr{(?:https?:)?//[\w-]+\.[\w-]}i,
    'HTML that is read' => qr/innerHTML|outerHTML|insertAdjacentHTML
	|setHTML|DOMParser|document\.write|createContextualFragment|srcdoc/x,
    'text that is run' => qr/\beval\b|\bFunction\s*\(|\bimport\s*\(
	|javascript:|set(?:Timeout|Interval)\(\s*['"`]/x,
    'a place where a key could stay' => qr/localStorage|sessionStorage
	|indexedDB|document\.cookie|\bcaches\b|serviceWorker|history\.
	|location\.(?:href|search|assign|replace)|window\.name/x,
    'a style in an element' => qr/\.style\b|setAttribute\(\s*'style/,
    'a message to others' => qr/postMessage|sendBeacon|WebSocket|EventSource
	|XMLHttpRequest|window\.open/x,
);
my @names = page_files();
my %text = map { $_ => slurp("$www/$_") } @names;
for my $name (sort keys %text) {
	my $text = $text{$name};
	$text =~ s{\Q<svg xmlns="http://www.w3.org/2000/svg"\E}{<svg}
	    if $name eq 'icon.svg';
	for my $what (sort keys %forbidden) {
		my ($found) = $text =~ /($forbidden{$what})/;
		is($found, undef, "$name has not $what");
	}
}
my $html = join "\n", @text{qw(index.html icon.svg)};
unlike($html, qr/<style|\sstyle\s*=|\son\w+\s*=/i,
    'no style and no program in the HTML');
my @scripts = $html =~ /(<script[^>]*>[^<]*)/g;
is(scalar @scripts, 1, 'which has one script');
like($scripts[0], qr/\A<script type="module" src="app\.js">\z/,
    'in a file of its own');
is(join(' ', grep { /fetch\(/ && !/fetch\(API/ } map { split /\n/ }
    @text{grep { /\.js\z/ } @names}), '', 'all requests go to the service');
is(join(' ', grep { $text{$_} =~ /\bfetch\(/ } @names), 'api.js',
    'and from one module');

# Each file is used, and what is used is there and is installed.
my %used = ('index.html' => 1);
for my $name (@names) {
	$used{$_} = 1 for $text{$name} =~ m{\bfrom '\./([\w.]+)'}g,
	    $name eq 'index.html' ? $text{$name} =~ /(?:src|href)="([\w.]+)"/g : ();
}
is(join(' ', sort keys %used), "@{[sort @names]}", 'no file too many or few');
my ($listed) = slurp(source() . '/Makefile.am') =~
    /^dist_www_DATA = ((?:[^\n]*\\\n)*[^\n]*)\n/m;
is(join(' ', sort $listed =~ m{www/(\S+)}g), "@{[sort @names]}",
    'make installs them all');

SKIP: {
	skip 'there is no Node.js', 1
	    if run(cmd => ['node', '--version'])->{exit} ne '0';
	for my $name (grep { /\.js\z/ } @names) {
		my $said = run(cmd => ['node', '--input-type=module',
		    '--check', '-'], stdin => $text{$name});
		is($said->{exit}, 0, "$name is a module") || diag($said->{err});
	}
}
finish();
